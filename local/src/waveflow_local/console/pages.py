"""Serve the web page's files without a build; only the player comes from npm."""

from fastapi import FastAPI, Response
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from waveflow_local.paths import Project

PAGE = "local/page"
PLAYER = "local/page/node_modules/wavesurfer.js/dist"
# The page loads from its own origin; audio and zoom levels come from the engine's port.
_POLICY = (
    "default-src 'self'; connect-src 'self' http://127.0.0.1:*; "
    "media-src 'self' blob: http://127.0.0.1:*; "
    "img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


class _Files(StaticFiles):
    """Serve static files uncached, with a policy against content of other hosts."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Cache-Control"] = "no-cache"
        return response


def mount(app: FastAPI, project: Project) -> None:
    """Serve the web page at `/` and its files below `/page`."""
    folder = project.file(f"{PAGE}/index.html").parent
    player = project.root / PLAYER
    if player.is_dir():
        app.mount("/page/vendor", _Files(directory=player))
    app.mount("/page", _Files(directory=folder, html=True))
    app.add_api_route("/", _home, include_in_schema=False)


def _home() -> RedirectResponse:
    return RedirectResponse("/page/")
