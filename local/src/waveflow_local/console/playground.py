"""Let the page play the platform's server: verdicts, faults, webhooks, undo."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from pydantic import BaseModel, Field
from waveflow.api.auth import Owner
from waveflow.api.bootstrap import ApiServices

from waveflow_local.console.place import Place
from waveflow_local.console.redeliver import (
    Redelivery,
    RedeliveryState,
    Restoration,
    look,
    newest_waveform,
    redeliver,
    restore_and_draw,
)
from waveflow_local.ops.stack import local_stack
from waveflow_local.standin.behaviours import Behaviour

TOKEN_SHOWN = 8  # a task token is a password
routes = APIRouter(prefix="/local", tags=["bench"], include_in_schema=False)


class Bench:
    """The stand-in server and the engine, as the page reaches them."""

    def __init__(self, place: Place, services: ApiServices) -> None:
        self.place = place
        self.services = services
        self.stack = local_stack(place.endpoint)

    def ask(self, path: str, body: Any = None, *, method: str = "") -> Any:
        """GET, or send a body; 503 where no stand-in runs."""
        import requests

        if not self.place.standin_url:
            raise HTTPException(503, "No stand-in runs here.")
        base = self.place.standin_url.rsplit("/", 1)[0]
        try:
            with requests.Session() as session:
                session.trust_env = False
                how = method or ("GET" if body is None else "POST")
                answer = session.request(how, base + path, json=body, timeout=5)
        except requests.RequestException as exc:
            raise HTTPException(503, "The stand-in does not answer.") from exc
        if answer.status_code >= 400:  # noqa: PLR2004 - an HTTP error
            raise HTTPException(answer.status_code, answer.json().get("message"))
        return answer.json()


def _bench(request: Request) -> Bench:
    bench: Bench = request.app.state.bench
    return bench


Here = Annotated[Bench, Depends(_bench)]


class Status(BaseModel):
    """What can be played with here."""

    standin: bool
    endpoint: str
    verdict_timeout_s: int


class Answer(BaseModel):
    """A verdict given by hand."""

    job_id: str
    verdict: Literal["new", "duplicate", "hold"]
    duplicate_of: str | None = None


class Fault(BaseModel):
    """How the server behaves from now on."""

    behaviour: Behaviour
    event: Literal["*", "hash-check", "completion", "mixing-complete"] = "*"
    times: int | None = Field(default=None, ge=1)
    delay_s: float = Field(default=5, ge=0, le=600)


@routes.get("/status")
def status(here: Here) -> Status:
    """Say what can be played with here."""
    place = here.place
    return Status(
        standin=bool(place.standin_url),
        endpoint=place.endpoint,
        verdict_timeout_s=place.verdict_timeout_s,
    )


@routes.get("/webhooks")
def webhooks(here: Here, subject: Annotated[str, Query()] = "") -> list[dict[str, Any]]:
    """Return the webhooks as the server got them, but for their task tokens."""
    received = here.ask("/webhooks")
    return [
        _redacted(each) for each in received if subject in {"", each.get("subject")}
    ]


@routes.post("/answer")
def answer(given: Answer, here: Here, owner: Owner) -> dict[str, Any]:
    """Answer a waiting question."""
    output: dict[str, Any] = {"verdict": given.verdict}
    if given.duplicate_of is not None:
        survivor = here.services.jobs.subject(given.duplicate_of, owner=owner)
        output["duplicate_of"] = {
            "stemId": given.duplicate_of,
            "filepath": survivor.key,
        }
    taken = here.ask("/answer", {"stemId": given.job_id, "output": output})
    return dict(taken)


@routes.get("/behaviour")
def behaviour(here: Here) -> list[dict[str, Any]]:
    """Return how the server behaves: its rules in force, the deciding one first."""
    return list(here.ask("/behaviour"))


@routes.put("/behaviour")
def behave(fault: Fault, here: Here) -> dict[str, Any]:
    """Make the server behave so, about every job, and forget every other rule."""
    return dict(here.ask("/behaviour", fault.model_dump(), method="PUT"))


@routes.post("/again/{job_id}")
def redeliver_message(job_id: str, here: Here, owner: Owner) -> Redelivery:
    """Deliver a job's message once more."""
    here.services.jobs.subject(job_id, owner=owner)
    return redeliver(here.stack, job_id)


@routes.post("/again/{job_id}/now")
def redelivery_state(
    job_id: str, redelivery: Redelivery, here: Here, owner: Owner
) -> RedeliveryState:
    """Say how far that delivery is, and what it has changed."""
    here.services.jobs.subject(job_id, owner=owner)
    return look(here.stack, job_id, redelivery)


@routes.post("/undo/{job_id}")
def undo_deletion(job_id: str, here: Here, owner: Owner) -> Restoration:
    """Bring a deleted duplicate back, and have its waveform drawn."""
    here.services.jobs.subject(job_id, owner=owner)
    return restore_and_draw(here.stack, job_id)


@routes.get("/waveform/{job_id}")
def waveform(job_id: str, here: Here, owner: Owner) -> Response:
    """Return a job's waveform document, whichever delivery drew it."""
    here.services.jobs.subject(job_id, owner=owner)
    document = newest_waveform(here.stack, job_id)
    return Response(document, media_type="application/json")


@routes.get("/picture/{job_id}.svg")
def picture(job_id: str, here: Here, owner: Owner) -> Response:
    """Draw a waveform for a browser without the player."""
    import json

    from waveflow_local.files.pictures.geometry import lay_out
    from waveflow_local.files.pictures.svg import write_svg

    here.services.jobs.subject(job_id, owner=owner)
    document = json.loads(newest_waveform(here.stack, job_id))
    return Response(write_svg(lay_out(document, title="")), media_type="image/svg+xml")


def _redacted(received: dict[str, Any]) -> dict[str, Any]:
    body = received.get("body")
    if isinstance(body, dict) and isinstance(body.get("task_token"), str):
        shown = body["task_token"][:TOKEN_SHOWN] + "…"
        return {**received, "body": {**body, "task_token": shown}}
    return received
