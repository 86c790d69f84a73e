"""Who writes a table, and whether that process still lives."""

import errno
import os
import select
import weakref
from pathlib import Path
from typing import NamedTuple

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")


class ProcessIdentity(NamedTuple):
    """One process of one boot: a pid alone is used again."""

    boot_id: int
    pid: int
    start_ticks: int
    pid_namespace: int


def read_boot_id() -> int:
    """Return the kernel's 128-bit id of this boot."""
    return int(_BOOT_ID.read_text(encoding="ascii").strip().replace("-", ""), 16)


def read_start_ticks(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None when it cannot be read."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command's name, in parentheses, may itself hold spaces and parentheses.
    return int(stat.rpartition(")")[2].split()[19])


def read_pid_namespace() -> int:
    """Return the identity of this process's pid namespace (pids mean nothing outside it)."""
    return _PID_NAMESPACE.stat().st_ino


def identify_self() -> ProcessIdentity:
    """Return the identity of this process; raises OSError where there is no /proc."""
    pid = os.getpid()
    return ProcessIdentity(read_boot_id(), pid, read_start_ticks(pid) or 0, read_pid_namespace())


class ProcessWatch:
    """Tells whether one process has gone, for one system call a question.

    The kernel's process handle (pidfd) also sees a killed child that nobody has waited for, and
    cannot be fooled by a pid that is used again. Where pids do not compare (another pid
    namespace) or no handle is given, this says nothing and the heartbeat alone decides.
    """

    def __init__(self, writer: ProcessIdentity) -> None:
        self._pid = writer.pid
        self._release: weakref.finalize[..., ProcessWatch] | None = None
        self._verdict: str | None = None
        self._poll = select.poll()
        if writer.boot_id != read_boot_id():
            self._verdict = "the machine was restarted since the table was written"
        elif writer.pid_namespace == read_pid_namespace():
            self._watch(writer)

    def _watch(self, writer: ProcessIdentity) -> None:
        try:
            pidfd = os.pidfd_open(writer.pid)
        except OSError as error:
            if error.errno == errno.ESRCH:
                self._verdict = f"process {writer.pid} is gone"
            return
        self._release = weakref.finalize(self, os.close, pidfd)
        start_ticks = read_start_ticks(writer.pid)
        if start_ticks is not None and start_ticks != writer.start_ticks:
            self._verdict = f"process {writer.pid} is another process by now"
            return
        self._poll.register(pidfd, select.POLLIN)

    def verdict(self) -> str | None:
        """Return why the process is known to be gone, or None."""
        if self._verdict is None and self._poll.poll(0):
            self._verdict = f"process {self._pid} is gone"
        return self._verdict

    def close(self) -> None:
        """Give the handle back; the last verdict stays."""
        if self._release is not None:
            self._release()
