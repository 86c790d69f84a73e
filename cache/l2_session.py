"""What both readers share off the hot path: the open table, its names, its writer's health."""

from pathlib import Path

from .l2_errors import L2ClosedError, L2Error
from .l2_open import OpenTable
from .l2_quote import Miss, Reason

HEARTBEAT_NS_DEFAULT = 1_000_000_000
PROCESS_CHECK_NS_DEFAULT = 10_000_000
_NEVER = -(1 << 62)


class Session:
    """A reader's hold on the table at a path, through restarts of its writer.

    `heartbeat_ns` is the silence after which a writer counts as dead; `process_check_ns` is how
    much of the caller's time may pass between two looks at the writer's process. `misses` counts
    by reason; `reopened` counts the tables that followed the first. Raises what OpenTable
    raises, and ValueError for a bound out of range.
    """

    def __init__(self, path: Path, heartbeat_ns: int, process_check_ns: int) -> None:
        if heartbeat_ns < 1 or process_check_ns < 0:
            raise ValueError(f"heartbeat_ns {heartbeat_ns}, process_check_ns {process_check_ns}")
        self.path = path
        self.heartbeat_ns = heartbeat_ns
        self.process_check_ns = process_check_ns
        self.misses = dict.fromkeys(Reason, 0)
        self.reopened = 0
        self.checked_ns = _NEVER
        self._closed = False
        self.table = OpenTable(path)
        self.slots: dict[str, int] = {}
        self.names: tuple[str, ...] = ()
        self._learn()

    def _learn(self) -> None:
        known = len(self.names)
        added = self.table.names(known)
        self.names += tuple(added)
        self.slots.update(zip(added, range(known, known + len(added)), strict=True))

    def find(self, instrument: str) -> int:
        """Return the instrument's slot, or -1; looks for names added since."""
        if instrument not in self.slots:
            self._refuse_closed()
            self._learn()
        return self.slots.get(instrument, -1)

    def death(self, now_ns: int) -> str | None:
        """Return why the writer counts as dead, after looking for its successor; None if alive.

        The table may be another one afterwards.
        """
        self._refuse_closed()
        verdict = self._verdict(now_ns)
        # A writer found dead is looked at anew by the next read: only life is taken on trust.
        self.checked_ns = now_ns if verdict is None else _NEVER
        return verdict

    def _verdict(self, now_ns: int) -> str | None:
        verdict = self.table.death(now_ns, self.heartbeat_ns)
        if verdict is None or not self.table.replaced():
            return verdict
        try:
            successor = OpenTable(self.path)
            names = successor.names(0)
        except L2Error as error:
            return f"{verdict}; its successor cannot be read: {error}"
        self.table.close()
        self.table = successor
        self.reopened += 1
        self.names = tuple(names)
        self.slots = {name: slot for slot, name in enumerate(names)}
        return successor.death(now_ns, self.heartbeat_ns)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise L2ClosedError(f"{self.path}: the reader is closed")

    def miss(self, reason: Reason, instrument: str, detail: str) -> Miss:
        """Count a miss and return it."""
        self.misses[reason] += 1
        return Miss(reason, instrument, detail)

    def stale(self, instrument: str, age_ns: int, ttl_ns: int) -> Miss:
        """Count and return the miss of a value that has expired, or is ahead of the clock."""
        if age_ns < 0:
            detail = f"written {-age_ns} ns ahead of the reader's clock"
        else:
            detail = f"last vouched for {age_ns} ns ago, {ttl_ns} are allowed"
        return self.miss(Reason.STALE, instrument, detail)

    def graded(self, instrument: str, grade: int) -> Miss:
        """Count and return the miss of a value whose grade forbids its use."""
        forbidding = grade & self.table.grade_forbids
        return self.miss(Reason.GRADE, instrument, f"the grade forbids use: bits {forbidding:#x}")

    def close(self) -> None:
        """Let the table go; a read after this raises L2ClosedError."""
        self._closed = True
        self.process_check_ns = 0  # no read counts as checked any more, so each one comes here
        self.table.close()
