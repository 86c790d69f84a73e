"""How much of its limits an account has used at one venue, by the venue's own clock."""

from dataclasses import dataclass, field

from arb.manners import manners_of

_SECOND_NS = 1_000_000_000


@dataclass(slots=True)
class Requests:
    """Counts of one account at one venue.

    `turns` and `counts` stand for the venue's windows: which interval it is, and the orders in it.
    `tokens` are requests times ns that may be made at once.
    """

    venue: str
    turns: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    tokens: int = 0
    at_ns: int = 0
    #: Requests that were refused.
    refused: int = 0

    def __post_init__(self) -> None:
        """Begin with nothing used."""
        manners = manners_of(self.venue)
        self.turns = [-1] * len(manners.windows)
        self.counts = [0] * len(manners.windows)
        self.tokens = manners.burst * _SECOND_NS

    def ask(self, now: int) -> str:
        """Take in a request of any kind; returns why it is refused, '' where it is not."""
        manners = manners_of(self.venue)
        if not manners.requests_per_s:
            return ""
        gained = (now - self.at_ns) * manners.requests_per_s
        self.tokens = min(manners.burst * _SECOND_NS, self.tokens + gained)
        self.at_ns = now
        if self.tokens < _SECOND_NS:
            self.refused += 1
            return manners.too_fast
        self.tokens -= _SECOND_NS
        return ""

    def order(self, now: int) -> str:
        """Tell whether one more order may be entered; returns why not, '' where it may."""
        self._turn(now)
        manners = manners_of(self.venue)
        for count, window in zip(self.counts, manners.windows, strict=True):
            if count >= window.limit:
                self.refused += 1
                return manners.too_fast.format(limit=window.limit, name=window.name)
        return ""

    def entered(self, now: int) -> None:
        """Count an order that was entered."""
        self._turn(now)
        self.counts = [count + 1 for count in self.counts]

    def filled(self, now: int) -> None:
        """Give an order back that traded for the first time: only unfilled ones count."""
        self._turn(now)
        self.counts = [max(0, count - 1) for count in self.counts]

    def _turn(self, now: int) -> None:
        for at, window in enumerate(manners_of(self.venue).windows):
            turn = now // window.length_ns
            if turn != self.turns[at]:
                self.turns[at], self.counts[at] = turn, 0
