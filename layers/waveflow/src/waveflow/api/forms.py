"""Read an HTTP body while it arrives: within a limit, and as a form's file."""

from collections import deque
from collections.abc import AsyncIterator
from typing import Self

from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header

from waveflow.errors import FileTooLargeError, InvalidMessageError

FIELD = "file"
FORM_BYTES = 64 << 10  # the most that a form adds to its file
MAX_NAME = 64  # characters of an unknown field that a refusal repeats


async def limited_body(
    request: Request, most: int, *, advice: str = ""
) -> AsyncIterator[bytes]:
    """Yield an HTTP body's chunks; raise `FileTooLargeError` above `most` bytes."""
    refusal = FileTooLargeError(f"A body may have {most} bytes here.{advice}")
    declared = request.headers.get("Content-Length", "0")
    if declared.isdigit() and int(declared) > most:
        raise refusal
    taken = 0
    async for chunk in request.stream():
        taken += len(chunk)
        if taken > most:
            raise refusal
        yield chunk


class FileForm:
    """Reader of the field `file` in a multipart form; other fields are refused."""

    def __init__(self, content_type: str, body: AsyncIterator[bytes]) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise InvalidMessageError("Send the file as multipart/form-data.")
        self.filename: str | None = None
        self._body = body
        self._chunks: deque[bytes] = deque()
        self._wanted = self._seen = self._ended = False
        self._name = self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    async def open(self) -> Self:
        """Read the form until its file begins, so that `filename` is known."""
        async for chunk in self._body:
            self._feed(chunk)
            if self._seen:
                return self
        raise InvalidMessageError(f"The form has no complete field {FIELD!r}.")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the file's chunks; raise if the form ends before its last boundary."""
        while self._chunks:
            yield self._chunks.popleft()
        async for chunk in self._body:
            self._feed(chunk)
            while self._chunks:
                yield self._chunks.popleft()
        if not self._ended:
            raise InvalidMessageError("The form ends before its last boundary.")

    def _feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except MultipartParseError as exc:
            raise InvalidMessageError("The form is broken.") from exc

    def _begin_part(self) -> None:
        self._headers = {}

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _end_headers(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"")
        _, options = parse_options_header(disposition)
        name = options.get(b"name", b"")
        if name != FIELD.encode():
            shown = name.decode(errors="replace")[:MAX_NAME]
            raise InvalidMessageError(
                f"A form has one field {FIELD!r} and no unknown field {shown!r}; "
                "options belong into the query."
            )
        self._begin_file(options, disposition)

    def _begin_file(self, options: dict[bytes, bytes], disposition: bytes) -> None:
        if self._seen:
            raise InvalidMessageError(f"A form has one field {FIELD!r}.")
        name = options.get(b"filename")
        if name is None and b"filename*" in disposition.lower():
            raise InvalidMessageError("A form's filename*= is not read: RFC 7578.")
        self._wanted = self._seen = True
        # Browsers and curl send UTF-8; other bytes become replacement characters.
        self.filename = (name or b"").decode(errors="replace")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._wanted:
            self._chunks.append(data[start:end])

    def _end_part(self) -> None:
        self._wanted = False

    def _end(self) -> None:
        self._ended = True
