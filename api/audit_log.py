"""The record of every call that changes something: JSON lines in a file that is rotated."""

import os
from collections.abc import Callable
from pathlib import Path

import orjson
import structlog

#: Characters of a body and of a target that are kept.
_TEXT_MAX = 1_024


class AuditLog:
    """Appends lines; at `bytes_max` the file becomes `.1`, and so on up to `keep`.

    A line: `ts_ns` since the epoch, `caller`, `way` (unix or tcp), `name` of the route, `target`,
    `body`, `refusal` ('' where it was done). Nobody but the owner may read the file. A line that
    cannot be written is counted in `missed` and said once: what is recorded of commands by the node
    does not depend on it.
    """

    def __init__(self, path: Path, bytes_max: int, keep: int, now_ns: Callable[[], int]) -> None:
        self._path = path
        self._bytes_max = bytes_max
        self._keep = keep
        self._now_ns = now_ns
        self.missed = 0

    def note(
        self, caller: str, way: str, name: str, target: str, body: bytes, refusal: str
    ) -> None:
        """Write a line."""
        line = orjson.dumps(
            {
                "ts_ns": self._now_ns(),
                "caller": caller,
                "way": way,
                "name": name,
                "target": target[:_TEXT_MAX],
                "body": body[:_TEXT_MAX].decode("utf-8", "replace"),
                "refusal": refusal[:_TEXT_MAX],
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        try:
            self._write(line)
        except OSError as error:
            if not self.missed:
                reason = error.strerror or str(error)
                structlog.get_logger().error("no audit log", file=str(self._path), reason=reason)
            self.missed += 1

    def _write(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and self._path.stat().st_size + len(line) > self._bytes_max:
            self._rotate()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        handle = os.open(self._path, flags, 0o600)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)

    def _rotate(self) -> None:
        """Make room: each file takes the next one's place, the last one goes."""
        for number in range(self._keep, 0, -1):
            older = self._numbered(number)
            newer = self._numbered(number - 1) if number > 1 else self._path
            if newer.exists():
                newer.replace(older)

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
