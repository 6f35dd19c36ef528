"""Names that people give to files."""

import unicodedata

import msgspec
import pytest
from waveflow.api.jobs.context import plain_name, safe_name, user_id
from waveflow.events.fields import Id


@pytest.mark.parametrize(
    ("given", "key_part"),
    [
        ("song.wav", "song.wav"),
        ("../../etc/passwd", "passwd"),
        ("C:\\music\\a b.mp3", "a_b.mp3"),
        (unicodedata.normalize("NFD", "노래.wav"), "노래.wav"),
        ("line\nbreak\x00.wav", "linebreak.wav"),
        ("...", "audio"),
        ("", "audio"),
        ("a?b#c%d.wav", "a_b_c_d.wav"),
    ],
)
def test_a_name_becomes_one_safe_segment_of_a_key(given, key_part):
    """A folder, a control character or a `?` would break paths, logs or URLs."""
    assert safe_name(given) == key_part


def test_a_long_name_keeps_its_end():
    """A key has 1,024 bytes, and the suffix tells a person more than the middle."""
    name = safe_name("가" * 500 + ".wav")

    assert name.endswith("가.wav")
    assert len(name.encode()) <= 120


def test_the_name_for_people_stays_readable():
    """A musician looks for the file's own name, without the folder."""
    assert plain_name("a/b/내 노래 (1).wav") == "내 노래 (1).wav"


def test_an_owner_with_odd_characters_is_still_a_user():
    """Issuers use subjects such as `auth0|123`, which no message may carry."""
    assert user_id("kim.min-jun") == "kim.min-jun"
    assert msgspec.convert(user_id("auth0|123"), Id)
    assert user_id("auth0|123") != user_id("auth0|124")


@pytest.mark.parametrize("name", ["a\ud800.wav", "a\u202e.wav", "\x1ba.wav", " a.wav "])
def test_a_name_for_people_holds_nothing_that_cannot_be_shown(name):
    """A control character in a name could change a page, a log or a terminal."""
    assert plain_name(name) == "a.wav"
