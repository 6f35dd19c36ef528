"""The file of a form, read while the form arrives."""

import asyncio

import pytest
from waveflow.api.forms import FileForm, limited_body
from waveflow.errors import FileTooLargeError, InvalidMessageError

KIND = "multipart/form-data; boundary=b"


def part(disposition, body=b"abc"):
    """Return a part of a form."""
    return b"--b\r\nContent-Disposition: %s\r\n\r\n%s\r\n" % (
        disposition.encode(),
        body,
    )


def read(*parts, size=7):
    """Return the name and content of a form's file, fed `size` bytes at a time."""
    whole = b"".join(parts) + b"--b--\r\n"

    async def body():
        for start in range(0, len(whole), size):
            yield whole[start : start + size]

    async def scenario():
        form = await FileForm(KIND, body()).open()
        return form.filename, b"".join([chunk async for chunk in form.chunks()])

    return asyncio.run(scenario())


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_file_is_read_with_its_name(size):
    """A name cut anywhere by the network is the name that the client sent."""
    file = part('form-data; name="file"; filename="내 노래.wav"')

    assert read(file, size=size) == ("내 노래.wav", b"abc")


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("before", [True, False])
def test_another_field_is_refused_by_name(size, before):
    """An option that a client puts into the form would be lost without a word."""
    other = part('form-data; name="num_peaks"', b"800")
    file = part('form-data; name="file"; filename="a"')

    with pytest.raises(InvalidMessageError, match="unknown field 'num_peaks'"):
        read(*((other, file) if before else (file, other)), size=size)


@pytest.mark.parametrize("size", [7, 1000])
def test_two_files_are_refused(size):
    """A client that sends two files must not believe that both were taken."""
    file = part('form-data; name="file"; filename="a"')

    with pytest.raises(InvalidMessageError, match="one field"):
        read(file, file, size=size)


def test_a_name_in_the_form_that_forms_forbid_is_refused():
    """RFC 7578 forbids `filename*=`: a file named so would be stored without a name."""
    with pytest.raises(InvalidMessageError, match=r"filename\*="):
        read(part("form-data; name=\"file\"; filename*=UTF-8''%ED%95%9C.wav"))

    both = part('form-data; name="file"; filename="a"; filename*=UTF-8\'\'b')
    assert read(both) == ("a", b"abc")


def test_a_form_of_endless_parts_is_refused_early():
    """Parsing 749,000 parts would hold every other client's events for seconds."""
    fed = []

    async def body():
        for _ in range(1000):
            fed.append(b"--b\r\n\r\n\r\n" * 1000)
            yield fed[-1]

    with pytest.raises(InvalidMessageError, match="unknown field ''"):
        asyncio.run(FileForm(KIND, body()).open())
    assert len(fed) == 1


def test_a_part_with_an_endless_header_is_refused():
    """A header is held in memory, so a client must not choose its length."""
    endless = part('form-data; name="' + "x" * (8 << 10) + '"')

    with pytest.raises(InvalidMessageError):
        read(endless, size=1000)


class Sent:
    """Request that sends some chunks, and perhaps says before how many bytes."""

    def __init__(self, *chunks, **headers):
        self.headers = headers
        self._chunks = chunks

    async def stream(self):
        """Yield the chunks."""
        for chunk in self._chunks:
            yield chunk


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (Sent(b"12", b"345"), 2),
        (Sent(b"12", **{"Content-Length": "6"}), 0),
    ],
)
def test_a_body_is_refused_at_the_first_byte_too_many(sent, taken):
    """A client that names no length, or a false one, must not fill the memory."""
    seen = []

    async def scenario():
        async for chunk in limited_body(sent, 4):
            seen.append(chunk)  # noqa: PERF401 - what came before the refusal

    with pytest.raises(FileTooLargeError, match="4 bytes here"):
        asyncio.run(scenario())
    assert len(b"".join(seen)) == taken
