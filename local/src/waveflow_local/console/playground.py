"""Offer the web page's own routes: verdicts, faults, redelivery and undo."""

from typing import TYPE_CHECKING, Annotated, Literal

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
from waveflow_local.engine.sleep import ASLEEP_PATH
from waveflow_local.ops.stack import local_stack
from waveflow_local.standin.behaviours import Behaviour

if TYPE_CHECKING:
    import requests

JsonObject = dict[str, object]
TOKEN_SHOWN = 8  # a task token is a password; the page shows its beginning
routes = APIRouter(prefix="/local", tags=["playground"], include_in_schema=False)


class Playground:
    """Reach the stand-in server, the engine and the API's jobs for the web page."""

    def __init__(self, place: Place, services: ApiServices) -> None:
        self.place = place
        self.services = services
        self.stack = local_stack(place.endpoint)

    def read(self, path: str) -> list[JsonObject]:
        """Return one list that the stand-in server keeps, such as its webhooks."""
        return list(self._ask("GET", path).json())

    def send(self, method: str, path: str, body: JsonObject) -> JsonObject:
        """Send JSON to the stand-in server and return the JSON of the response."""
        return dict(self._ask(method, path, body).json())

    def sleep(self) -> None:
        """Let every function of the engine fall asleep."""
        _request("PUT", self.place.endpoint + ASLEEP_PATH, who="engine")

    def _ask(
        self, method: str, path: str, body: JsonObject | None = None
    ) -> "requests.Response":
        """Send a request to the stand-in server; raise 503 where none runs."""
        if not self.place.standin_url:
            raise HTTPException(503, "No stand-in runs here.")
        base = self.place.standin_url.rsplit("/", 1)[0]
        answer = _request(method, base + path, who="stand-in", body=body)
        if not answer.ok:
            raise HTTPException(answer.status_code, answer.json().get("message"))
        return answer

    def check_owner(self, job_id: str, owner: str) -> None:
        """Raise an HTTP error where a job is not the owner's."""
        self.services.jobs.context(job_id, owner=owner)


def _request(
    method: str, url: str, *, who: str, body: JsonObject | None = None
) -> "requests.Response":
    """Send a request to a part of the pipeline; raise 503 where the part is silent."""
    import requests

    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, url, json=body, timeout=5)
    except requests.RequestException as exc:
        raise HTTPException(503, f"The {who} does not answer.") from exc


def _playground(request: Request) -> Playground:
    playground: Playground = request.app.state.playground
    return playground


OwnPlayground = Annotated[Playground, Depends(_playground)]


class PlaygroundStatus(BaseModel):
    """Tell the web page which engine runs, and whether a stand-in server runs."""

    standin: bool
    endpoint: str
    verdict_timeout_s: int
    token_required: bool
    max_file_bytes: int


class HandVerdict(BaseModel):
    """Carry the verdict that a person gives about a stem on the web page."""

    job_id: str
    verdict: Literal["new", "duplicate", "hold"]
    duplicate_of: str | None = None


class Fault(BaseModel):
    """Carry the behaviour that a person chooses for the stand-in server."""

    behaviour: Behaviour
    event: Literal[
        "*", "hash-check", "completion", "mixing-complete", "comparison-complete"
    ] = "*"
    times: int | None = Field(default=None, ge=1)
    delay_s: float = Field(default=5, ge=0, le=600)


@routes.get("/status")
def status(playground: OwnPlayground) -> PlaygroundStatus:
    """Return which engine runs, and whether a stand-in server runs."""
    place = playground.place
    return PlaygroundStatus(
        standin=bool(place.standin_url),
        endpoint=place.endpoint,
        verdict_timeout_s=place.verdict_timeout_s,
        token_required=place.require_token,
        max_file_bytes=playground.services.policy.max_file_bytes,
    )


@routes.get("/webhooks")
def webhooks(
    playground: OwnPlayground, subject: Annotated[str, Query()] = ""
) -> list[JsonObject]:
    """Return the webhooks that the stand-in server got, with task tokens shortened."""
    received = playground.read("/webhooks")
    return [
        _without_token(each)
        for each in received
        if subject in {"", each.get("subject")}
    ]


@routes.post("/answer")
def answer_question(
    given: HandVerdict, playground: OwnPlayground, owner: Owner
) -> JsonObject:
    """Send a person's verdict for a job that waits for a verdict."""
    output: JsonObject = {"verdict": given.verdict}
    if given.duplicate_of is not None:
        survivor = playground.services.jobs.context(given.duplicate_of, owner=owner)
        output["duplicate_of"] = {
            "stemId": given.duplicate_of,
            "filepath": survivor.key,
        }
    answer: JsonObject = {"stemId": given.job_id, "output": output}
    return playground.send("POST", "/answer", answer)


@routes.get("/behaviour")
def behaviour(playground: OwnPlayground) -> list[JsonObject]:
    """Return the stand-in server's rules in force, the deciding rule first."""
    return playground.read("/behaviour")


@routes.put("/behaviour")
def behave(fault: Fault, playground: OwnPlayground) -> JsonObject:
    """Replace all rules of the stand-in server by one rule about all jobs."""
    return playground.send("PUT", "/behaviour", fault.model_dump())


@routes.put("/asleep", status_code=204)
def fall_asleep(playground: OwnPlayground) -> None:
    """Let every function sleep, as after weeks without a call."""
    playground.sleep()


@routes.post("/again/{job_id}")
def redeliver_message(
    job_id: str, playground: OwnPlayground, owner: Owner
) -> Redelivery:
    """Deliver a job's queue message once more."""
    playground.check_owner(job_id, owner)
    return redeliver(playground.stack, job_id)


@routes.post("/again/{job_id}/now")
def redelivery_state(
    job_id: str, redelivery: Redelivery, playground: OwnPlayground, owner: Owner
) -> RedeliveryState:
    """Return the state of a redelivered message's execution, and its new outputs."""
    playground.check_owner(job_id, owner)
    return look(playground.stack, job_id, redelivery)


@routes.post("/undo/{job_id}")
def undo_deletion(job_id: str, playground: OwnPlayground, owner: Owner) -> Restoration:
    """Restore a deleted duplicate, and have its waveform drawn."""
    playground.check_owner(job_id, owner)
    return restore_and_draw(playground.stack, job_id)


@routes.get("/waveform/{job_id}")
def waveform(job_id: str, playground: OwnPlayground, owner: Owner) -> Response:
    """Return a job's newest waveform document, whichever execution drew it."""
    playground.check_owner(job_id, owner)
    document = newest_waveform(playground.stack, job_id)
    return Response(document, media_type="application/json")


@routes.get("/picture/{job_id}.svg")
def picture(job_id: str, playground: OwnPlayground, owner: Owner) -> Response:
    """Return a job's waveform as SVG, for a browser without the player."""
    import json

    from waveflow_local.files.pictures.geometry import lay_out
    from waveflow_local.files.pictures.svg import write_svg

    playground.check_owner(job_id, owner)
    document = json.loads(newest_waveform(playground.stack, job_id))
    return Response(write_svg(lay_out(document, title="")), media_type="image/svg+xml")


def _without_token(received: JsonObject) -> JsonObject:
    body = received.get("body")
    if isinstance(body, dict) and isinstance(body.get("task_token"), str):
        shown = body["task_token"][:TOKEN_SHOWN] + "…"
        return {**received, "body": {**body, "task_token": shown}}
    return received
