"""Compresses closed segments in one thread of its own, a bounded number waiting."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import zstandard

from .segment import SegmentError, compress

#: Segments that may wait; more are offered again when the next segment is opened.
WAITING_MAX = 4


class Compressor:
    """Call it with the path of a closed segment; it returns at once.

    A segment that fails stays as it is and is not tried again; `failed` says why. Memory is about
    three segments' size while it works.
    """

    def __init__(self, level: int = 3) -> None:
        self._level = level
        self._pool = ThreadPoolExecutor(1, "compress")
        self._lock = threading.Lock()
        self._waiting: set[Path] = set()
        self.compressed = 0
        self.failed: dict[str, str] = {}

    def __call__(self, path: Path) -> None:
        """Take a segment, unless it is waiting, failed before, or too many wait."""
        with self._lock:
            if (
                path in self._waiting
                or path.name in self.failed
                or len(self._waiting) >= WAITING_MAX
            ):
                return
            self._waiting.add(path)
        self._pool.submit(self._run, path)

    def _run(self, path: Path) -> None:
        failure, done = "", 0
        try:
            compress(path, level=self._level)
            done = 1
        except FileNotFoundError:
            pass  # Deleted to stay within the bound, or compressed since it was offered.
        except (SegmentError, OSError, zstandard.ZstdError) as error:
            failure = str(error)
        with self._lock:
            self._waiting.discard(path)
            self.compressed += done
            if failure:
                self.failed[path.name] = failure

    def close(self, *, finish: bool = False) -> None:
        """End after the segment at hand, or with `finish` after all that wait."""
        self._pool.shutdown(wait=True, cancel_futures=not finish)
