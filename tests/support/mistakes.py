"""Tell mistakes of files from mistakes of the line that was typed."""

_OF_FILES = (
    *("cannot be read", "cannot be written", "There is no file", "UNSUPPORTED_MEDIA"),
    *("one file", "would both be written", "is an input", "not JSON", "folder"),
    *("no regular file", "write-protected", ": The content", "leave nothing"),
)


def exit_code_of(sentence: str) -> int:
    """Return 1 for a sentence about a file, and 2 for one about the line."""
    return 1 if any(words in sentence for words in _OF_FILES) else 2
