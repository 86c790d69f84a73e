"""What the audits of one book came to: its integrity score, and whether it is condemned."""

from enum import Enum

from books.audit import NAMED_MAX, Comparison, Price
from market.instrument import Instrument

#: Different reasons why audits came to nothing; beyond them: `other`.
REASONS_MAX = 64


class Finding(Enum):
    """The outcome of an audit that compared something."""

    CLEAN = "clean"
    FAILED = "failed"
    CONDEMNED = "condemned"


class AuditRecord:
    """Counters of one book's audits.

    `audits` compared at least one level; `failed` of them found a wrong one. `inconclusive` came
    to nothing: no verdict on the book follows from them, `reasons` says why. `agreed` of
    `decidable` levels are the cumulative score, `last_agreed` of `last_decidable` the last one.
    `named` lists up to ten wrong levels of the last failed audit as (side, price, ours, theirs),
    those first that were wrong in the audit before as well.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.audits = 0
        self.failed = 0
        self.condemned = 0
        self.inconclusive = 0
        self.reasons: dict[str, int] = {}
        self.agreed = 0
        self.decidable = 0
        self.undecidable = 0
        self.missing = 0
        self.extra = 0
        self.sizes = 0
        self.last_agreed = 0
        self.last_decidable = 0
        self.last_clean_ns: int | None = None
        self.named: list[tuple[str, str, str, str]] = []
        self._suspects: set[Price] = set()

    def take(self, found: Comparison, instrument: Instrument, now: int) -> Finding:
        """Take a comparison with something decidable; a level wrong twice running condemns."""
        assert found.decidable
        self.audits += 1
        self.last_agreed, self.last_decidable = found.agreed, found.decidable
        self.agreed += found.agreed
        self.decidable += found.decidable
        self.undecidable += found.undecidable
        self.missing += found.missing
        self.extra += found.extra
        self.sizes += found.sizes
        wrong = {(level.ask, level.ticks) for level in found.wrong}
        again = wrong & self._suspects
        self._suspects = wrong
        if not wrong:
            self.last_clean_ns = now
            return Finding.CLEAN
        self.failed += 1
        listed = sorted(found.wrong, key=lambda level: (level.ask, level.ticks) not in again)
        self.named = [
            (
                "ask" if level.ask else "bid",
                instrument.price.format(level.ticks),
                instrument.size.format(level.ours),
                instrument.size.format(level.theirs),
            )
            for level in listed[:NAMED_MAX]
        ]
        if not again:
            return Finding.FAILED
        self.condemned += 1
        self.restart()
        return Finding.CONDEMNED

    def give_up(self, reason: str) -> None:
        """Count an audit that came to nothing."""
        self.inconclusive += 1
        if reason not in self.reasons and len(self.reasons) >= REASONS_MAX:
            reason = "other"
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def restart(self) -> None:
        """The book starts over from a new snapshot: what was wrong with the old one is gone."""
        self._suspects = set()

    def rescale(self, price_factor: int) -> None:
        """Bring the suspected prices to a finer grid."""
        self._suspects = {(ask, ticks * price_factor) for ask, ticks in self._suspects}

    @property
    def score(self) -> float | None:
        """The last audit's share of agreeing levels, None before the first."""
        return self.last_agreed / self.last_decidable if self.last_decidable else None

    @property
    def total_score(self) -> float | None:
        """The share over all audits, None before the first."""
        return self.agreed / self.decidable if self.decidable else None
