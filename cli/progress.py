"""How far long work has come: one line on a terminal's standard error, erased at the end.

A thread looks every now and then at what the work counts anyway, so that the work itself does
nothing for it. Where standard error is no terminal there is no thread and no line.
"""

import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TextIO

_EVERY_S = 0.2
_WIDTH = 28
_ERASE = "\r\x1b[K"
_FDS = Path("/proc/self/fd")


class Reading(NamedTuple):
    """How far the work is: `done` of `total` in any unit, `total` 0 where nobody knows."""

    done: float
    total: float
    text: str


class Progress:
    """Shows readings while the block runs; nothing where `stream` is no terminal."""

    def __init__(
        self, look: Callable[[], Reading], *, stream: TextIO | None = None, quiet: bool = False
    ) -> None:
        self._look = look
        self._stream = sys.stderr if stream is None else stream
        self._shown = not quiet and self._stream.isatty()
        self._ended = threading.Event()
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._draw, name="progress", daemon=True)

    def __enter__(self) -> Self:
        if self._shown:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._shown:
            self._thread.join()
            # A terminal that went away takes no more lines.
            with contextlib.suppress(OSError):
                self._put(_ERASE)

    def _draw(self) -> None:
        with contextlib.suppress(OSError):
            while not self._ended.wait(_EVERY_S):
                width = shutil.get_terminal_size().columns
                elapsed = time.monotonic() - self._started
                self._put(_ERASE + line(self._look(), elapsed)[: max(width - 1, 0)])

    def _put(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def line(reading: Reading, elapsed_s: float) -> str:
    """Return a reading as a line: a bar, the share, what it says, and the time it still takes."""
    done, total, text = reading
    if total <= 0:
        return f"{text}  {_clock(elapsed_s)}"
    share = min(max(done / total, 0.0), 1.0)
    full = round(share * _WIDTH)
    out = f"[{'#' * full}{'.' * (_WIDTH - full)}] {share:4.0%}  {text}  {_clock(elapsed_s)}"
    if 0.0 < share < 1.0 and elapsed_s >= 1.0:
        out += f", {_clock(elapsed_s * (1.0 - share) / share)} left"
    return out


def _clock(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


class FilesRead:
    """How many bytes of files this process has read, by where their open files stand.

    A file that was open and is no longer has been read to its end.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._sizes = {str(path.resolve()): path.stat().st_size for path in paths}
        self._at = dict.fromkeys(self._sizes, 0)
        self.total = sum(self._sizes.values())

    def done(self) -> int:
        """Return the bytes read so far."""
        opened: dict[str, int] = {}
        for handle in _FDS.iterdir():
            # A file may be closed while we look.
            with contextlib.suppress(OSError, ValueError):
                name = os.readlink(handle)  # noqa: PTH115 - what it names need not be a path
                if name in self._sizes:
                    info = Path(f"/proc/self/fdinfo/{handle.name}").read_text(encoding="ascii")
                    opened[name] = int(info.split()[1])
        for name, size in self._sizes.items():
            if name in opened:
                self._at[name] = opened[name]
            elif self._at[name]:
                self._at[name] = size
        return sum(self._at.values())
