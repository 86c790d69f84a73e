"""Frames that arrive broken: always in a way that shows, for a changed digit nobody could see."""

from random import Random

_STRUCTURE = b'{}[]":,'
_PAGES = (
    b"<html><body><h1>502 Bad Gateway</h1></body></html>",
    b"",
    b"null",
    b"[]",
    b"{}",
    b'"ok"',
    b"\xff\xfe\x00\x01",
)


def malformed(random: Random, data: bytes) -> bytes:
    """Return a frame with its structure damaged, or something else altogether."""
    way = random.randrange(4)
    if way == 0:
        return random.choice(_PAGES)
    at = random.randrange(len(data))
    if way == 1:
        return data[:at] + b"\x00" + data[at:]
    # The next piece of structure is lost, or another one stands in its place.
    places = [i for i in range(at, min(at + 200, len(data))) if data[i] in _STRUCTURE]
    place = places[0] if places else len(data) - 1
    put = b"" if way == 2 else b";"
    return data[:place] + put + data[place + 1 :]


def truncated(random: Random, data: bytes) -> bytes:
    """Return a frame that was cut somewhere."""
    return data[: random.randrange(len(data))]
