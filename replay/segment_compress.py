"""Compression of one sealed segment."""

import os
from pathlib import Path

import zstandard

from .segment_errors import NotSealed
from .segment_files import NEW_SUFFIX, SUFFIX, sync_directory
from .segment_image import SegmentImage


def compress(path: Path, *, level: int = 3) -> Path:
    """Replace a sealed segment by its compressed form and return the new path.

    May run in a thread while the log is written and old segments are deleted. The original goes
    only after the new file decodes to the same bytes and is on disk. Raises NotSealed for a segment
    without its end mark, Corrupt, ValueError for another kind of file, and OSError.
    """
    if not path.name.endswith(SUFFIX):
        raise ValueError(f"{path.name} is not an uncompressed segment")
    image = SegmentImage(path)
    for _ in image:
        pass
    if image.tail is None or not image.tail.sealed:
        raise NotSealed(f"{path.name} has no end mark")
    packed = zstandard.ZstdCompressor(level=level, write_checksum=True).compress(image.data)
    if zstandard.ZstdDecompressor().decompress(packed) != image.data:
        raise zstandard.ZstdError(f"{path.name}: what was compressed does not decode")
    target = path.with_name(path.name + ".zst")
    unfinished = target.with_name(target.name + NEW_SUFFIX)
    try:
        with unfinished.open("wb") as file:
            file.write(packed)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)
    try:
        path.unlink()
    except FileNotFoundError:
        # Retention deleted the segment meanwhile: it must not come back in another form.
        target.unlink(missing_ok=True)
        raise
    return target
