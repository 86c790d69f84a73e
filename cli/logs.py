"""The log: structlog in front, lines on standard error and in a rotated file behind.

Nothing here raises into the caller: a line that cannot be written is counted.
"""

import logging
import logging.handlers
import sys
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TextIO

import structlog

from .log_limit import LeftOut, RepeatLimit
from .log_line import ExceptionInfo, Fields, Mask, as_human, as_json, exception_text, plain
from .settings import Secrets
from .settings.model import LogSettings

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_LIMITED = ("warning", "error", "critical")
_MEBIBYTE = 1024 * 1024


@dataclass(slots=True)
class LogCounts:
    """Lines since the start: written, left out by the limit, and lost because writing failed."""

    lines: int = 0
    left_out: int = 0
    stream_errors: int = 0
    file_errors: int = 0


class Log:
    """The end of structlog's chain: limits, masks, renders and writes every line.

    `problems` holds what went wrong while opening the file; the log then runs without it.
    """

    def __init__(
        self,
        settings: LogSettings,
        secrets: Secrets,
        *,
        stream: TextIO | None = None,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        wall_ns: Callable[[], int] = time.time_ns,
        colors: bool | None = None,
    ) -> None:
        self.counts = LogCounts()
        self.problems: list[str] = []
        self._stream = stream or sys.stderr
        terminal = _is_terminal(self._stream)
        self._human = settings.format == "human" or (settings.format == "auto" and terminal)
        self._colors = terminal if colors is None else colors
        self._mask = Mask(secrets.texts())
        self._limit = RepeatLimit()
        self._monotonic_ns = monotonic_ns
        self._wall_ns = wall_ns
        self._file = self._open(settings) if settings.file else None

    def __call__(
        self,
        logger: object,  # noqa: ARG002 - what a processor is called with
        method: str,
        event_dict: MutableMapping[str, Any],
    ) -> NoReturn:
        """Write a line; DropEvent tells structlog that nothing is left to do."""
        self.write(method, dict(event_dict))
        raise structlog.DropEvent

    def write(self, level: str, fields: Fields) -> None:
        """Write a line of `fields`, of which `event` says what happened."""
        level = {"warn": "warning", "exception": "error", "fatal": "critical"}.get(level, level)
        info = _exception_of(fields.pop("exc_info", None))
        line = plain({"event": fields.pop("event", ""), **fields}, self._mask)
        if info is not None:
            line["exception"] = exception_text(info, self._mask)
        now_ns = self._monotonic_ns()
        self._summarise(self._limit.closed(now_ns))
        if level in _LIMITED:
            key = (str(line["event"]), str(line.get("venue", "")), str(line.get("connection", "")))
            if not self._limit.admit(key, level, now_ns):
                self.counts.left_out += 1
                return
        self._put(level, line)

    def tick(self) -> None:
        """Write the summaries that are due; call it every few seconds."""
        self._summarise(self._limit.closed(self._monotonic_ns()))

    def close(self) -> None:
        """Write what was left out so far and close the file."""
        self._summarise(self._limit.closed(None))
        if self._file is not None:
            try:
                self._file.close()
            except OSError:  # the last lines, on a full disk
                self.counts.file_errors += 1
            self._file = None

    def _summarise(self, closed: list[LeftOut]) -> None:
        for one in closed:
            event, venue, connection = one.key
            line: Fields = {"event": event, "left_out": one.count}
            if venue:
                line["venue"] = venue
            if connection:
                line["connection"] = connection
            self._put(one.level, line)

    def _put(self, level: str, line: Fields) -> None:
        fields = {"time": _iso(self._wall_ns()), "level": level, **line}
        self.counts.lines += 1
        text = as_json(fields)
        if self._file is not None:
            record = logging.LogRecord("crossquote", LEVELS.get(level, 20), "", 0, text, None, None)
            self._file.handle(record)
        shown = as_human(fields, colors=self._colors) if self._human else text
        try:
            self._stream.write(shown + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # gone, full, or closed
            self.counts.stream_errors += 1

    def _open(self, settings: LogSettings) -> "_RotatedFile | None":
        path = Path(settings.file)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return _RotatedFile(path, settings.max_mb * _MEBIBYTE, settings.keep, self.counts)
        except OSError as error:
            reason = error.strerror or str(error)
            self.problems.append(f"log.file: cannot write {path}: {reason}; logging without it")
            return None


class _RotatedFile(logging.handlers.RotatingFileHandler):
    """A rotated file whose failures are counted instead of printed."""

    def __init__(self, path: Path, bytes_max: int, keep: int, counts: LogCounts) -> None:
        super().__init__(path, maxBytes=bytes_max, backupCount=keep, encoding="utf-8")
        self._counts = counts

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802
        """Count a line that did not reach the file: a full disk, a folder that went away."""
        self._counts.file_errors += 1


class _Foreign(logging.Handler):
    """Lines that libraries write to the standard logging module."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write a library's line; one that cannot be put together is written as it stands."""
        try:
            event = record.getMessage()
        except (TypeError, ValueError, KeyError):
            event = str(record.msg)
        level = record.levelname.lower()
        fields = {"event": event, "logger": record.name, "exc_info": record.exc_info}
        self._log.write(level if level in LEVELS else "info", fields)


def start_logging(
    settings: LogSettings,
    secrets: Secrets,
    *,
    stream: TextIO | None = None,
    monotonic_ns: Callable[[], int] = time.monotonic_ns,
    wall_ns: Callable[[], int] = time.time_ns,
) -> Log:
    """Set up structlog and the libraries' logging for this process; problems are logged.

    The clocks give ns and are injected by tests. Never raises for a file that cannot be written.
    """
    log = Log(settings, secrets, stream=stream, monotonic_ns=monotonic_ns, wall_ns=wall_ns)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, log],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[settings.level]),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Foreign(log)]
    # Libraries explain themselves at length; their warnings are what concerns us.
    root.setLevel(max(LEVELS[settings.level], LEVELS["warning"]))
    for problem in log.problems:
        log.write("warning", {"event": problem})
    return log


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


def _iso(now_ns: int) -> str:
    seconds, rest = divmod(now_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03}Z"


def _exception_of(info: Any) -> ExceptionInfo | None:
    if isinstance(info, BaseException):
        return type(info), info, info.__traceback__
    if info is True:
        info = sys.exc_info()
    if isinstance(info, tuple) and len(info) == 3 and isinstance(info[1], BaseException):
        return type(info[1]), info[1], info[1].__traceback__
    return None
