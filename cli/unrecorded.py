"""A recording that could not be begun: what to say about it, and when to try again."""

from dataclasses import dataclass

from replay.recording import RETRY_FIRST_NS, RETRY_MAX_NS
from replay.segment_errors import Corrupt, DiskFull, UnsupportedVersion, WriterLocked


@dataclass(slots=True)
class Unrecorded:
    """Why nothing is recorded. It is tried again after 1 s, then ever more rarely, up to 60 s."""

    reason: str
    tries: int = 0
    _pause_ns: int = RETRY_FIRST_NS
    _retry_ns: int = 0

    def failed(self, reason: str, now_ns: int) -> None:
        """A try failed."""
        self.reason = reason
        self.tries += 1
        self._retry_ns = now_ns + self._pause_ns
        self._pause_ns = min(2 * self._pause_ns, RETRY_MAX_NS)

    def due(self, now_ns: int) -> bool:
        """Return whether it is time to try again."""
        return now_ns >= self._retry_ns


def explained(error: Exception, folder: str) -> str:
    """Return why a folder cannot be recorded into, and what to do about it."""
    if isinstance(error, OSError):
        words = f"{error.strerror or error} ({error.filename or folder})"
    else:
        words = str(error)
    return f"cannot record into {folder}: {words}; {_advice(error)}"


def _advice(error: Exception) -> str:
    if isinstance(error, WriterLocked):
        return "stop the daemon that records there, or choose another folder"
    if isinstance(error, DiskFull):
        return "make room there, or choose another folder or a smaller recording.segment_mb"
    if isinstance(error, Corrupt):
        return "move that recording away, or choose another folder"
    if isinstance(error, UnsupportedVersion):
        return "another version wrote it: choose another folder"
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "a file stands in the way: choose another folder"
    return "choose a folder that this user may write to"
