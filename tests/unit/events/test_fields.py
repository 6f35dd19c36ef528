"""Keys of objects: inside the allowed prefixes, byte for byte."""

import pytest
from waveflow.errors import PathNotAllowedError
from waveflow.events.fields import check_key, epoch_ms, is_id, iso_time

PREFIXES = ("audio/", "users/")
NFC, NFD = "audio/노래.wav", "audio/노래.wav"


@pytest.mark.parametrize(
    "key",
    [
        "audio/a.wav",
        "audio/a//b.wav",
        "audio/...",
        "audio/%2e%2e/x",
        "audio/a+b %20.wav",
        "users/user123/a.wav",
        NFC,
        NFD,
        "audio/" + "x" * 1018,
    ],
)
def test_a_key_is_taken_byte_for_byte(key):
    """S3 knows no escapes and no normal forms; a check by them would miss keys."""
    check_key(key, prefixes=PREFIXES, user_id="user123")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "audio/",
        "/audio/a",
        "other/a",
        "Audio/a",
        "audio/../users/b/x",
        "audio/./x",
        "audio/..",
        "audio\\..\\x",
        "audio/a\\b",
        "audio/a\nb",
        "audio/a\x00",
        "audio/\x85",
        "audio/\ud800",
        "audio/" + "x" * 1019,
        "audio/" + "가" * 340,
        "users/other/a.wav",
        "users//a.wav",
    ],
)
def test_a_key_outside_is_refused(key):
    """A message must not reach what is not the user's own upload."""
    with pytest.raises(PathNotAllowedError):
        check_key(key, prefixes=PREFIXES, user_id="user123")


@pytest.mark.parametrize(("user", "folder"), [("a", "ab"), ("ab", "a"), ("a", "A")])
def test_a_user_has_no_folder_of_a_similar_name(user, folder):
    """User `a` must not read the uploads of user `ab`."""
    with pytest.raises(PathNotAllowedError):
        check_key(f"users/{folder}/x.wav", prefixes=PREFIXES, user_id=user)


@pytest.mark.parametrize(
    "prefix", ["waveforms/", "mixed/", "previews/", "comparisons/", "dedupe/"]
)
def test_results_are_never_sources(prefix):
    """Even an operator who allows such a prefix must not lose a result to a message."""
    with pytest.raises(PathNotAllowedError):
        check_key(f"{prefix}x", prefixes=(prefix,))


def test_times_come_back_from_milliseconds():
    """A client reads `created_at` as the message's time, in UTC and milliseconds."""
    assert (
        iso_time(epoch_ms("2024-01-01T10:00:00.5+09:00")) == "2024-01-01T01:00:00.500Z"
    )


@pytest.mark.parametrize("text", ["a/b", "a\n", "", "a" * 129, "한"])
def test_a_text_that_is_no_id_names_no_record(text):
    """A survivor's claimed id becomes part of an S3 key, and must stay one segment."""
    assert not is_id(text)
