"""The file of a form, read while the form arrives."""

import asyncio

import pytest
from waveflow.api.forms import FileForm
from waveflow.errors import InvalidMessageError

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
def test_other_fields_are_read_past(size):
    """A form with more fields than the file is still an upload."""
    other = part('form-data; name="other"', b"x" * 50)
    file = part('form-data; name="file"; filename="내 노래.wav"')

    assert read(other, file, other, size=size) == ("내 노래.wav", b"abc")


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
