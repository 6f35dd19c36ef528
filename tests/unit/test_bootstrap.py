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
