"""Hold prices of AWS, and what one job takes of each, as measured or assumed.

Prices are list prices of Seoul (ap-northeast-2), without free tier, in USD, as of
the date below; `scripts/costs.py` says where the times are measured.
"""

from dataclasses import dataclass

PRICES_AS_OF = "2026-11"
TRANSITION = 0.0271 / 1_000
GB_SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
INVOCATION = 0.20 / 1_000_000
EXTRA_STORAGE_GB_S = 0.0000000352  # beyond 512 MB of /tmp
SQS_REQUEST = 0.40 / 1_000_000
PIPE_REQUEST = 0.50 / 1_000_000
PUT = 0.0045 / 1_000
GET = 0.00035 / 1_000
LOG_GB = 0.76
# Measured in out/functions.log of `waveflow run` with a 30 s WAV.
STAGE_LOG_BYTES = 1_120
# Assumed: Lambda's START, END and REPORT; one event of the machine's log without data,
# of which a task has five, a choice two, the execution two.
LAMBDA_LOG_BYTES = 300
EVENT_LOG_BYTES = 450
# Seconds of a whole vCPU; those of hash and waveform are for 30 s of stereo, those of
# outputs for four minutes.
TIMES = {
    "hash": 0.08,
    "waveform": 0.11,
    "mix": 1.5,
    "compare": 3.8,
    "zoom": 0.02,
    "identity": 0.09,
    "opus": 1.65,
    "mp3": 6.65,
    "result": 0.05,
    "webhook": 0.15,
    "cold": 0.8,
}
COLD_SHARE = 0.05


@dataclass(frozen=True)
class Stage:
    """Hold the billed invocation of one function."""

    memory_mb: int
    seconds: float
    tmp_mb: int = 512


@dataclass(frozen=True)
class Job:
    """Hold the billed parts of one job; a back-fill's jobs pass no queue."""

    name: str
    states: int
    stages: tuple[Stage, ...]
    puts: int
    gets: int
    is_queued: bool = True

    @property
    def log_bytes(self) -> int:
        """Return the bytes of log that the stages, Lambda and the machine write."""
        tasks = len(self.stages)
        events = 2 + 5 * tasks + 2 * (self.states - tasks)
        own = tasks * (STAGE_LOG_BYTES + LAMBDA_LOG_BYTES)
        return own + events * EVENT_LOG_BYTES

    def compute(self, architecture: str) -> float:
        """Return the price of the job's invocations."""
        return sum(
            stage.memory_mb / 1024 * stage.seconds * GB_SECOND[architecture]
            + (stage.tmp_mb - 512) / 1024 * stage.seconds * EXTRA_STORAGE_GB_S
            + INVOCATION
            for stage in self.stages
        )

    def other(self) -> float:
        """Return the price of queue, pipe, bucket and logs."""
        # Send, receive and delete; empty polls are a fixed price.
        queue = (3 * SQS_REQUEST + PIPE_REQUEST) if self.is_queued else 0
        bucket = self.puts * PUT + self.gets * GET
        return queue + bucket + self.log_bytes / 1e9 * LOG_GB

    def price(self, architecture: str) -> float:
        """Return the price of one job."""
        return self.states * TRANSITION + self.compute(architecture) + self.other()


def backfill_job(*, hashed: Stage, drawn: Stage, told: Stage) -> Job:
    """Return the billed parts of a back-fill's execution, which passes five states.

    Four objects are read by the stages, and two by the command that looks before.
    """
    stages = (hashed, drawn, told)
    return Job("back-fill", 5, stages, puts=1, gets=6, is_queued=False)
