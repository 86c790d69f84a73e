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
    return split(chunks(path), path.name)


def split(parts: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yield the lines of what `chunks` gives of the file `name`; raises RecordingError."""
    rest = b""
    try:
        for chunk in parts:
            *whole, rest = (rest + chunk).split(b"\n") if b"\n" in chunk else (rest + chunk,)
            yield from whole
            if len(rest) > LINE_MAX:
                raise RecordingError(f"{name}: a line is longer than {LINE_MAX} bytes")
    except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError) as error:
        raise RecordingError(f"{name}: damaged or cut off: {error}") from error
    if rest:
        yield rest


def chunks(path: Path, on_read: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """Yield what a file holds, decompressed; `on_read` hears how many bytes of the file it took.

    Raises OSError, and what the decompressors raise for damage.
    """
    with path.open("rb") as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=raw) as file:
                parts = _read(file.read)
                yield from parts if on_read is None else _heard(parts, raw.tell, on_read)
            return
        parts = _zstd_chunks(raw.read) if path.suffix == ".zst" else _read(raw.read)
        yield from parts if on_read is None else _heard(parts, raw.tell, on_read)


def _read(read: Callable[[int], bytes]) -> Iterator[bytes]:
    while chunk := read(_CHUNK):
        yield chunk


def _heard(
    parts: Iterator[bytes], tell: Callable[[], int], on_read: Callable[[int], None]
) -> Iterator[bytes]:
    told = 0
    for part in parts:
        here = tell()
        on_read(here - told)
        told = here
        yield part


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
