"""Lines of a recorded file, compressed or not."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import zstandard

#: A longer line is no frame of any venue: the largest real one is 5 MB.
LINE_MAX = 128 * 1024 * 1024
_CHUNK = 1 << 20


class RecordingError(Exception):
    """A recording cannot be read on; the message names the file and the reason."""


def lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a `.gz`, `.zst` or plain file without their ends.

    Raises RecordingError where the file is damaged or a line is longer than LINE_MAX, after
    everything before the damage was given; OSError where it cannot be opened.
    """
    rest = b""
    try:
        for chunk in _chunks(path):
            *whole, rest = (rest + chunk).split(b"\n") if b"\n" in chunk else (rest + chunk,)
            yield from whole
            if len(rest) > LINE_MAX:
                raise RecordingError(f"{path.name}: a line is longer than {LINE_MAX} bytes")
    except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError) as error:
        raise RecordingError(f"{path.name}: damaged or cut off: {error}") from error
    if rest:
        yield rest


def _chunks(path: Path) -> Iterator[bytes]:
    if path.suffix == ".gz":
        with gzip.open(path) as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    elif path.suffix == ".zst":
        with path.open("rb") as raw:
            yield from _zstd_chunks(raw.read)
    else:
        with path.open("rb") as plain:
            while chunk := plain.read(_CHUNK):
                yield chunk


def _zstd_chunks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Decompress frame after frame; a frame without its end is an error, not an end."""
    decompress = zstandard.ZstdDecompressor().decompressobj()
    started = False
    while chunk := read(_CHUNK):
        while chunk:
            started = True
            if out := decompress.decompress(chunk):
                yield out
            if not decompress.eof:
                break
            chunk = decompress.unused_data
            decompress = zstandard.ZstdDecompressor().decompressobj()
            started = False
    if started:
        raise EOFError("the last zstd frame has no end")
