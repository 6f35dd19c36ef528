"""Serve Swagger UI at `/docs` from files of a locked package, without other hosts."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse, HTMLResponse

PACKAGE = "fastapi_swagger"  # its files are those of npm's swagger-ui-dist
_FILES = {"ui.js": "swagger-ui-bundle.js", "ui.css": "swagger-ui.css"}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>WaveFlow's HTTP API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/ui.css">
<div id="swagger-ui"></div>
<script src="/docs/ui.js"></script><script src="/docs/start.js"></script>
"""
_START = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true,
  tryItOutEnabled: true, validatorUrl: null,
});
"""
# A request that is tried out may lead to a file of the engine's port.
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; media-src 'self' blob: http://127.0.0.1:*; "
    "connect-src 'self' http://127.0.0.1:*; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}


def serve_swagger(app: FastAPI) -> None:
    """Serve Swagger UI, whose "Try it out" asks this very API."""
    folder = _folder()

    def page() -> Response:
        return HTMLResponse(_PAGE, headers=_HEADERS)

    def start() -> Response:
        return Response(_START, media_type="text/javascript", headers=_HEADERS)

    def script() -> Response:
        return FileResponse(folder / _FILES["ui.js"], headers=_HEADERS)

    def style() -> Response:
        return FileResponse(folder / _FILES["ui.css"], headers=_HEADERS)

    routes = {"": page, "/start.js": start, "/ui.js": script, "/ui.css": style}
    for path, answer in routes.items():
        app.add_api_route(f"/docs{path}", answer, include_in_schema=False)


def _folder() -> Path:
    """Return the folder of Swagger UI's files; none of the package's code runs."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(PACKAGE)
    return Path(spec.origin).parent / "resources"
