"""The environment's promises are checked before anything is sent."""

import pytest
from waveflow.bootstrap import Services
from waveflow.errors import InternalError

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


def test_a_killed_functions_files_are_gone_at_the_next_start(tmp_path, monkeypatch):
    """Lambda keeps /tmp between invocations; a full disk would fail every later one."""
    scratch = tmp_path / "waveflow"
    (scratch / "left").mkdir(parents=True)
    (scratch / "left" / "part.wav").write_bytes(b"half")
    monkeypatch.setattr("waveflow.bootstrap.LAMBDA_SCRATCH", scratch)

    policy = Services({"AWS_LAMBDA_RUNTIME_API": "x", "ALLOWED_PREFIXES": "a/"}).policy

    assert policy.scratch == scratch
    assert list(scratch.iterdir()) == []
