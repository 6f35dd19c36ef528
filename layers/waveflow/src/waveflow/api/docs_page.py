"""Show the OpenAPI document as an HTML page that loads nothing from another host."""

import json
from collections.abc import Iterator
from html import escape

from fastapi import FastAPI, Request, Response

from waveflow.api.documents import document_response
from waveflow.api.schemas import JsonObject

_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui;max-width:52rem;"
    "margin:2rem auto;padding:0 1rem}h2{font-size:1.1rem;margin:2rem 0 .3rem;"
    "overflow-wrap:anywhere}pre{overflow:auto;background:#8882;padding:.5rem}"
    "td,th{text-align:left;vertical-align:top;padding-right:1rem}"
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}


def serve_docs(app: FastAPI) -> None:
    """Serve the page of the OpenAPI document at `/docs`."""

    def docs(request: Request) -> Response:
        page = "".join(_page(app.openapi())).encode()
        return document_response(
            request, page, media_type="text/html", headers=_HEADERS
        )

    app.add_api_route("/docs", docs, include_in_schema=False)


def _page(described: JsonObject) -> Iterator[str]:
    info = described["info"]
    yield '<!doctype html><html lang="en"><meta charset="utf-8">'
    yield f"<style>{_STYLE}</style>"
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(info['title'])}</title><h1>{escape(info['title'])}</h1>"
    yield f"<p>{escape(info['description'])} For programs: "
    yield '<a href="openapi.json">openapi.json</a>.</p>'
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
            yield from _operation(operation)
    yield "<h2>Shapes</h2>"
    for name, schema in described["components"]["schemas"].items():
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3>{_shape(schema)}'


def _operation(operation: JsonObject) -> Iterator[str]:
    yield f"<p>{escape(operation.get('description') or operation['summary'])}</p>"
    if "parameters" in operation:
        yield "<table><tr><th>parameter<th>in<th>shape"
        for each in operation["parameters"]:
            shape = _refer(each["schema"])
            yield f"<tr><td>{escape(each['name'])}<td>{each['in']}<td>{shape}"
        yield "</table>"
    if "requestBody" in operation:
        yield from _content("takes", operation["requestBody"])
    yield "<table>"
    for status, answer in operation["responses"].items():
        yield f"<tr><th>{status}<td>{escape(answer['description'])}<td>"
        yield from _content("", answer)
    yield "</table>"


def _content(head: str, body: JsonObject) -> Iterator[str]:
    for kind, content in body.get("content", {}).items():
        yield f"{head} {escape(kind)} {_refer(content.get('schema', {}))} "


def _refer(schema: JsonObject) -> str:
    """Return an HTML link to a named JSON Schema, or the schema's own JSON."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[1])
        return f'<a href="#{name}">{name}</a>'
    return f"<code>{escape(json.dumps(schema, ensure_ascii=False))}</code>"


def _shape(schema: JsonObject) -> str:
    text = json.dumps(schema, ensure_ascii=False, indent=2)
    return f"<pre>{escape(text)}</pre>"
