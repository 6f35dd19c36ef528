"""Serve the stand-in's webhooks, lists, rules and verdicts over HTTP."""

import json
from typing import TYPE_CHECKING

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from waveflow_local.standin.behaviours import Rule

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from waveflow_local.standin.platform_server import PlatformServer

WEBHOOK_PATH = "/webhook"
EVENTS = ("hash-check", "completion", "mixing-complete", "comparison-complete")
JSON = "application/json"
_REDIRECT = 302
StatusAndBody = tuple[int, object]


class _Request(Request):
    """Refuse a request body above 1 MiB by its Content-Length, before reading."""

    max_content_length = 1024 * 1024


def application(standin: "PlatformServer") -> "WSGIApplication":
    """Return the WSGI application that serves a stand-in server over HTTP."""

    @_Request.application
    def answer(request: Request) -> Response:
        match request.method:
            case "GET":
                status, body = _get(standin, request.path)
            case "POST" | "PUT":
                status, body = _post_or_put(standin, request)
            case _:
                status, body = 405, {"message": "GET, POST or PUT."}
        text = json.dumps(body, ensure_ascii=False)
        # A lone surrogate is no UTF-8, but its escape is JSON.
        raw = text.encode(errors="backslashreplace")
        response = Response(raw, status, content_type=JSON)
        if status == _REDIRECT:
            response.location = f"{request.host_url[:-1]}{WEBHOOK_PATH}/elsewhere"
        return response

    return answer


def _get(standin: "PlatformServer", path: str) -> StatusAndBody:
    match path:
        case "/stems":
            return 200, standin.table.stems()
        case "/mixes":
            return 200, standin.table.mixes()
        case "/comparisons":
            return 200, standin.table.comparisons()
        case "/behaviour":
            return 200, standin.script.in_force()
        case "/webhooks":
            every = standin.archive.all()
            return 200, [{**vars(each), "subject": each.subject} for each in every]
        case _:
            lists = "/stems, /mixes, /comparisons, /behaviour or /webhooks"
            return 404, {"message": f"GET {lists}."}


def _post_or_put(standin: "PlatformServer", request: Request) -> StatusAndBody:
    """Take a webhook by POST, or a rule or a verdict as JSON."""
    try:
        raw = request.get_data()
    except RequestEntityTooLarge:
        return 413, {"message": "The body is too large."}
    folder, _, event = request.path.rpartition("/")
    if request.method == "POST" and folder == WEBHOOK_PATH and event in EVENTS:
        headers = {name.lower(): value for name, value in request.headers.items()}
        return standin.receive(event, headers, raw)
    if request.content_type != JSON:
        # A page of another origin cannot send JSON without a preflight.
        return 415, {"message": "Send application/json."}
    try:
        return _control(standin, request)
    except (KeyError, TypeError, ValueError) as exc:
        return 400, {"message": str(exc)}


def _control(standin: "PlatformServer", request: Request) -> StatusAndBody:
    wish = json.loads(request.get_data())
    if request.path == "/behaviour":
        script = standin.script
        (script.replace if request.method == "PUT" else script.add)(Rule(**wish))
        return 200, {"status": "ok"}
    if request.path == "/answer":
        if standin.answer(wish["stemId"], wish["output"]):
            return 200, {"taken": True}
        return 409, {"taken": False, "message": "Nobody waits for an answer."}
    return 404, {"message": f"POST {WEBHOOK_PATH}/…, /behaviour or /answer."}
