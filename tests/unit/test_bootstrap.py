"""The environment's promises are checked before anything is sent."""

import logging

import pytest
from waveflow.adapters.secrets import RotatingSecret
from waveflow.bootstrap import Services
from waveflow.errors import InternalError, WebhookRejectedError

ENVIRONMENT = {
    "WEBHOOK_SECRET_ARN": "arn:secret",
    "AWS_DEFAULT_REGION": "ap-northeast-2",
    "WEBHOOK_ALLOWED_CIDRS": "",
}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://platform.example", "not https"),
        ("https://user:password@platform.example", "names a user"),
        ("https://user@platform.example", "names a user"),
        ("https://:password@platform.example", "names a user"),
        ("https:///webhook", "names no host"),
    ],
)
def test_a_webhook_url_that_gives_something_away_is_refused(monkeypatch, url, said):
    """A body in plain text, or a password in a log, is worse than a failed stage."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    services = Services({**ENVIRONMENT, "WEBHOOK_URL": url})

    with pytest.raises(InternalError, match=said) as refused:
        _ = services.webhook

    assert "password" not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1:9", "169.254.169.254", "[::1]:9"])
def test_the_stages_webhook_is_wired_with_the_guard(monkeypatch, host):
    """A guard that nobody switches on would send tokens to the metadata service."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    monkeypatch.setattr(RotatingSecret, "__call__", lambda _self: ("whsec_QUJD",))
    services = Services({**ENVIRONMENT, "WEBHOOK_URL": f"https://{host}/webhook"})

    with pytest.raises(WebhookRejectedError, match="address inside"):
        services.webhook.post("completion", {}, webhook_id="msg_1")


@pytest.mark.parametrize("library", ["boto3", "botocore.auth", "urllib3.connection"])
def test_libraries_never_log_bodies(library):
    """At DEBUG these libraries log task tokens, whatever level an operator chooses."""
    logging.getLogger(library.split(".")[0]).setLevel(logging.DEBUG)

    Services(ENVIRONMENT)

    assert not logging.getLogger(library).isEnabledFor(logging.DEBUG)


def test_a_killed_functions_files_are_gone_at_the_next_start(tmp_path, monkeypatch):
    """Lambda keeps /tmp between invocations; a full disk would fail every later one."""
    scratch = tmp_path / "waveflow"
    (scratch / "left").mkdir(parents=True)
    (scratch / "left" / "part.wav").write_bytes(b"half")
    monkeypatch.setattr("waveflow.bootstrap.LAMBDA_SCRATCH", scratch)

    policy = Services({"AWS_LAMBDA_RUNTIME_API": "x", "ALLOWED_PREFIXES": "a/"}).policy

    assert policy.scratch == scratch
    assert list(scratch.iterdir()) == []


DRAWING = {"ALLOWED_PREFIXES": "a/"}


@pytest.mark.parametrize(
    ("given", "levels"),
    [(None, ()), ("", ()), (" 64 ", (64,)), ("64, 128,65536", (64, 128, 65_536))],
)
def test_zoom_levels_of_every_upload_are_read(given, levels):
    """An operator asks for zoomable waveforms by one setting of the stack."""
    environment = DRAWING if given is None else {**DRAWING, "ZOOM_LEVELS": given}

    assert Services(environment).drawing_policy.zoom_levels == levels


@pytest.mark.parametrize(
    "given",
    [
        *("63", "65537", "64,96", "128,64", "64,64", "64,128,256,512", "-64", "64.5"),
        *("0x100", "true", "x", "64;128"),
    ],
)
def test_zoom_levels_that_do_not_fit_are_refused_by_name(given):
    """CloudFormation cannot compare two numbers, and an operator needs the name."""
    services = Services({**DRAWING, "ZOOM_LEVELS": given})

    with pytest.raises(InternalError, match=r"^ZOOM_LEVELS is not .*\.$"):
        _ = services.drawing_policy


@pytest.mark.parametrize(
    ("given", "wanted"), [(None, False), ("off", False), ("on", True)]
)
def test_audio_ids_of_every_upload_are_a_switch(given, wanted):
    """An operator asks for the identity of every sound by one setting."""
    environment = DRAWING if given is None else {**DRAWING, "AUDIO_ID": given}

    assert Services(environment).drawing_policy.audio_id is wanted


@pytest.mark.parametrize("given", ["", "yes", "On", "true", "1"])
def test_another_word_for_on_is_refused_by_name(given):
    """An operator who writes `true` must not find out months later that it was off."""
    services = Services({**DRAWING, "AUDIO_ID": given})

    with pytest.raises(InternalError, match=r"^AUDIO_ID is neither on nor off\.$"):
        _ = services.drawing_policy


def test_a_wrong_setting_of_drawings_leaves_the_other_stages_alone():
    """The stage that tells the server of the failure must not fail of it itself."""
    services = Services({**DRAWING, "ZOOM_LEVELS": "1", "AUDIO_ID": "?"})

    assert services.policy.allowed_prefixes == ("a/",)
