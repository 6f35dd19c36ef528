"""Recognise the kind of an audio file by its first bytes, on an allow-list.

A decoder opens far more kinds than the platform offers, some of them only by
the name of the file. The name is therefore never looked at, and no decoder sees
a file before its content is known to be of an accepted kind.
"""

from pathlib import Path
from typing import BinaryIO

from waveflow.audio.formats import mpeg, ogg
from waveflow.audio.stream import Kind
from waveflow.errors import EmptyAudioError, UnsupportedMediaError

HEAD_BYTES = 65_536  # an Ogg page is shorter; junk before an MPEG frame may be
ID3_HEADER_BYTES = 10
PADDING = bytes(8)  # an MPEG-4 file may start with three zeros
MAX_LEADING_TAGS = 8  # some taggers leave several ID3 tags in a row

# Kinds that are refused by name; the longest magic first where one holds another.
FOREIGN: tuple[tuple[bytes | tuple[bytes, ...], str], ...] = (
    ((b".snd", b"dns."), "AU audio"),
    (b"caff", "Core Audio (CAF)"),
    (b"Creative Voice File", "Creative Voice (VOC)"),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file"),
    (b"riff\x2e\x91\xcf\x11", "Sony Wave64 (W64)"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media (ASF)"),
    (b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (b"wvpk", "WavPack audio"),
    (b"TTA1", "True Audio (TTA)"),
    (b"MAC ", "Monkey's Audio"),
    ((b"MPCK", b"MP+"), "Musepack audio"),
    ((b"DSD ", b"FRM8"), "DSD audio"),
    (b"NIST_1A", "NIST Sphere audio"),
    ((b"PVF1\n", b"PVF2\n"), "Portable Voice Format audio"),
    (b"Extended Instrument", "a FastTracker instrument (XI)"),
    (b"2BIT", "Audio Visual Research audio"),
    (b"\xf0\x7e", "a MIDI sample dump (SDS)"),
    (b"#!AMR", "AMR audio"),
    (b"\x0b\x77", "AC-3 audio"),
    (b"ADIF", "AAC without a container"),
    (b"\x64\xa3\x01", "IRCAM audio"),
    (b"FLV", "Flash video"),
    (b"MThd", "MIDI"),
    ((b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3"), "MPEG video"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    ((b"\x7fELF", b"MZ"), "a program"),
    ((b"#EXTM3U", b"ffconcat"), "a playlist"),
    (b"<", "markup text"),
)

# Kinds of the box format that hold pictures only, by their brand.
IMAGE_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"mif1"), "a HEIC image"),
    **dict.fromkeys((b"hevc", b"hevx", b"msf1"), "a HEIC image sequence"),
    **dict.fromkeys((b"avif", b"avis"), "an AVIF image"),
    b"crx ": "a Canon raw image",
}

# Names of what RIFF and IFF files hold.
CONTENTS = {
    b"AVI ": "AVI video (RIFF AVI)",
    b"ACON": "an animated cursor",
    b"CDXA": "a Video CD",
    b"DLS ": "a DLS sound bank",
    b"RMID": "a MIDI file",
    b"WEBP": "a WebP image",
    b"sfbk": "a SoundFont",
    b"8SVX": "8SVX audio",
    b"16SV": "16SV audio",
    b"ILBM": "an ILBM image",
    b"MAUD": "MAUD audio",
}
UNKNOWN = "data of an unknown kind"
OTHER_RIFF, OTHER_IFF = f"RIFF {UNKNOWN}", f"IFF {UNKNOWN}"


def sniff(path: Path) -> Kind:
    """Return the kind of an audio file, such as WAV or MP3, from its content alone.

    Raises
    ------
    EmptyAudioError
        The file has no bytes.
    UnsupportedMediaError
        The content is of no accepted kind; the message says what was found.
    """
    head, offset = read_head(path)
    if not head:
        if offset == 0:
            raise EmptyAudioError("The file has no bytes.")
        raise refusal_of("nothing but an ID3 tag")
    found = _find_container(head) or _find_mpeg(head, tagged=offset > 0)
    if isinstance(found, Kind):
        return found
    raise refusal_of(found or _describe(head))


def read_head(path: Path) -> tuple[bytes, int]:
    """Return a file's first HEAD_BYTES behind any ID3v2 tags, and their offset."""
    offset = 0
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        for _ in range(MAX_LEADING_TAGS):
            size = id3_size(head)
            if not size:
                break
            offset = _skip_padding(file, offset + size)
            head = file.read(HEAD_BYTES)
    return head, offset


def _skip_padding(file: BinaryIO, offset: int) -> int:
    """Seek behind zeros that a tagger left and did not count in its tag."""
    file.seek(offset)
    block = file.read(HEAD_BYTES)
    if block[: len(PADDING)] == PADDING:
        while block and not block.strip(b"\0"):
            offset += len(block)
            block = file.read(HEAD_BYTES)
        offset += len(block) - len(block.lstrip(b"\0"))
    file.seek(offset)
    return offset


def id3_size(head: bytes) -> int:
    """Return the size in bytes of an ID3v2 tag at the start; 0 without a tag."""
    if len(head) < ID3_HEADER_BYTES or head[:3] != b"ID3":
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    footer = ID3_HEADER_BYTES if head[5] & 0x10 else 0
    return ID3_HEADER_BYTES + size + footer


def _find_container(head: bytes) -> Kind | str | None:
    form, content = head[:4], head[8:12]
    # Bytes of the file are never quoted.
    if form in (b"RIFF", b"RIFX", b"RF64", b"BW64"):
        return Kind.WAV if content == b"WAVE" else CONTENTS.get(content, OTHER_RIFF)
    if form == b"FORM":
        is_aiff = content in (b"AIFF", b"AIFC")
        return Kind.AIFF if is_aiff else CONTENTS.get(content, OTHER_IFF)
    if form == b"fLaC":
        return Kind.FLAC
    if form == b"OggS":
        return ogg.find_codec(head)
    if head[4:8] == b"ftyp":
        return IMAGE_BRANDS.get(content, Kind.M4A)
    return None


def _find_mpeg(head: bytes, *, tagged: bool) -> Kind | str | None:
    foreign = _find_foreign(head)
    if foreign and not tagged:
        return foreign
    if mpeg.find_frame(head) is not None or mpeg.is_empty(head):
        return Kind.MP3
    if mpeg.is_free_format(head):
        return "free-format MP3"
    if head[0] == mpeg.SYNC_BYTE and len(head) > 1 and head[1] & 0xF6 == mpeg.ADTS:
        return "AAC without a container (ADTS)"
    return None


def _find_foreign(head: bytes) -> str | None:
    return next((name for magic, name in FOREIGN if head.startswith(magic)), None)


def _describe(head: bytes) -> str:
    is_quicktime = head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip")
    other = "QuickTime without a file type" if is_quicktime else UNKNOWN
    return _find_foreign(head) or other


def refusal_of(found: str) -> UnsupportedMediaError:
    """Return the error that names what a file holds instead of accepted audio."""
    return UnsupportedMediaError(f"The content is {found}, which is not accepted.")
