"""Models of a mix in messages and in the audio engine, which must not drift apart."""

import dataclasses
from typing import get_args

import msgspec
import pytest
from msgspec import NODEFAULT, UNSET
from waveflow.audio.mix import settings
from waveflow.events import mix_options

TWINS = [
    (mix_options.MixOptions, settings.MixSettings),
    (mix_options.LoudnessOptions, settings.LoudnessTarget),
    (mix_options.StemOptions, settings.StemSettings),
]
OF_MESSAGES = {"path", "mute"}  # the engine gets the files of stems that are heard
ALIKE = {UNSET: None, NODEFAULT: dataclasses.MISSING}


def defaults(fields: tuple) -> dict[str, object]:
    """Return each member with its default, in the words of dataclasses."""
    return {
        field.name: ALIKE.get(field.default, field.default)
        for field in fields
        if field.name not in OF_MESSAGES
    }


@pytest.mark.parametrize(("message", "engine"), TWINS)
def test_both_models_have_the_same_members_and_defaults(message, engine):
    """A member that a message leaves out must mean the same on the command line."""
    told = defaults(msgspec.structs.fields(message))

    assert told == defaults(dataclasses.fields(engine))


def test_both_models_know_the_same_formats():
    """A format that the engine lacks would fail each message that asks for it."""
    assert get_args(mix_options.MixFormat) == tuple(settings.MixFormat)
