"""Ask whether the HTTP API of a stack sends events while a job runs."""

import time
from http import HTTPStatus
from urllib.parse import urljoin

import requests

from waveflow_local.ops.smoke_trial import CannotAskError, NoError, Trial

APART_S = 0.2  # a buffered answer arrives whole, within a few milliseconds
ANSWER_S = 60.0


def ask_stream(trial: Trial) -> None:
    """Start a job of the HTTP API, and see whether its events come one by one."""
    api = trial.stack.parts.api_url
    if api is None:
        raise CannotAskError("The stack has no HTTP API (EnableApi=false).")
    if trial.token is None:
        raise CannotAskError("Name a bearer token of the HTTP API by --token.")
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {trial.token}"
        job_id = _start_job(session, api, trial.file_name("api"))
        url = urljoin(api, f"tokens/analysis-progress/{job_id}")
        try:
            moments = trial.wait_for(lambda: _moments(session, url)) or []
        finally:
            _remove_upload_later(trial, job_id)
    if len(moments) < 2 or moments[-1] - moments[0] < APART_S:  # noqa: PLR2004
        raise NoError("All events came at once; run the test twice to be sure.")


def _start_job(session: requests.Session, api: str, name: str) -> str:
    answer = session.post(
        urljoin(api, "tokens/smoke/upload-audio"),
        files={"file": (name, b"a smoke test, no audio", "audio/wav")},
        timeout=ANSWER_S,
    )
    if HTTPStatus.BAD_REQUEST <= answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise CannotAskError(f"The HTTP API refuses the upload: {answer.text}")
    answer.raise_for_status()
    job_id: str = answer.json()["job_id"]
    return job_id


def _moments(session: requests.Session, url: str) -> list[float] | None:
    """Return when each part of a stream came, in seconds; None for a job not shown."""
    with session.get(url, stream=True, timeout=ANSWER_S) as answer:
        if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            return None
        answer.raise_for_status()
        return [time.monotonic() for _ in answer.iter_content(chunk_size=None)]


def _remove_upload_later(trial: Trial, job_id: str) -> None:
    """Let the end of the test remove the job's upload."""
    machine = trial.stack.parts.machine_arn
    record = trial.record_of(
        f"{machine.replace(':stateMachine:', ':execution:')}:{job_id}"
    )
    trial.remove_later(record["body"]["filepath"])
