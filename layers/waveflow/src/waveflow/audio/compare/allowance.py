"""Count the decoded hours that the pairs of one comparison may take together."""

from dataclasses import dataclass, field

from waveflow.errors import AudioTooLongError

CHANNEL_HOURS = 16.0  # eight hours of stereo, of both versions of all pairs together


@dataclass(slots=True)
class Allowance:
    """Count down the hours of decoded channels that are left for a comparison.

    Parameters
    ----------
    channel_hours
        An hour of stereo takes two of them.
    warnings
        Codes of the files that were decoded so far, such as TRUNCATED.
    """

    channel_hours: float = CHANNEL_HOURS
    warnings: set[str] = field(default_factory=set)

    def spend(self, frames: int, *, channels: int, sample_rate: int) -> None:
        """Take decoded frames off the allowance.

        Raises
        ------
        AudioTooLongError
            The allowance is used up.
        """
        self.channel_hours -= frames * channels / sample_rate / 3600
        if self.channel_hours < 0:
            raise AudioTooLongError(
                "The versions to compare decode to more than "
                f"{CHANNEL_HOURS / 2:.0f} hours of stereo."
            )
