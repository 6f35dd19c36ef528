"""Refuse pages and signed URLs by the rules of S3, which moto does not check."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from moto.s3.models import CorsRule, s3_backends
from werkzeug.wrappers import Request, Response

from waveflow_local import paths
from waveflow_local.engine.signed_urls import INCOMPLETE, refusal_of

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_MOTOS = "access-control-"  # moto lets in every origin, whatever the bucket's rules say


class BucketAccess:
    """Refuse what S3 refuses to browsers, and pass every other request to moto.

    A bucket without rules for origins stays open to every page, as moto has it.
    """

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one HTTP request, by a refusal or by moto."""
        request = Request(environ)
        rules = _rules_of(request.path)
        if not rules:
            answer = _refused(request) or self._application
            return answer(environ, start_response)
        headers = _granted(rules, request)
        if request.access_control_request_method:
            answer = Response(status=200 if headers else 403)
        else:
            answer = _refused(request) or Response.from_app(self._application, environ)
        for name in [n for n, _ in answer.headers if n.lower().startswith(_MOTOS)]:
            del answer.headers[name]
        answer.headers.extend(headers)
        return answer(environ, start_response)


def _refused(request: Request) -> Response | None:
    """Return S3's refusal of a signed URL that does not fit the request, or None."""
    code = refusal_of(request)
    if code is None:
        return None
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code></Error>"
    status = 400 if code == INCOMPLETE else 403
    return Response(body, status=status, content_type="application/xml")


def _rules_of(path: str) -> Sequence[CorsRule]:
    """Return the rules for origins of the bucket that a request's path begins with."""
    buckets = s3_backends[paths.ACCOUNT][paths.PARTITION].buckets
    bucket = buckets.get(path.split("/")[1])
    return bucket.cors if bucket else ()


def _granted(rules: Sequence[CorsRule], request: Request) -> dict[str, str]:
    """Return the headers by which the first rule that fits lets a page in, or none."""
    origin = request.headers.get("Origin", "")
    method = request.access_control_request_method or request.method
    wanted = list(request.access_control_request_headers or [])
    for rule in rules:
        known = _fits(origin, rule.allowed_origins) and method in rule.allowed_methods
        if known and all(_fits(name, rule.allowed_headers) for name in wanted):
            return {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Allow-Methods": ", ".join(rule.allowed_methods),
                "Access-Control-Allow-Headers": ", ".join(wanted),
                "Access-Control-Expose-Headers": ", ".join(rule.exposed_headers or []),
                "Access-Control-Max-Age": str(rule.max_age_seconds or 0),
                "Vary": "Origin",
            }
    return {}


def _fits(name: str, patterns: Sequence[str] | None) -> bool:
    return any(fnmatchcase(name.lower(), each.lower()) for each in patterns or ())
