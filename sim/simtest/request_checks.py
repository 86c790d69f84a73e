"""Whether we keep the venues' limits, and ask for a snapshot once at a time."""

from collections.abc import Callable, Iterable

from books.audit_desk import PURPOSE
from market.effects import Effect, EffectKind
from market.inputs import Input, InputKind

from .venue import Answer, VirtualVenue

_S = 1_000_000_000
#: A reply that has not come by then counts as lost, and the request may be repeated.
_LOST_NS = 10 * _S


class RequestChecker:
    """Looks at requests where they leave, replies where they arrive, and the node's effects."""

    def __init__(self, venues: Iterable[VirtualVenue], report: Callable[[str, str], None]) -> None:
        self._venues = list(venues)
        self._report = report
        self._under_way: set[tuple[str, str]] = set()
        self._quiet_until_ns: dict[str, int] = {}
        self._flying: dict[tuple[str, str], int] = {}
        self.requests = 0
        self._before_ns = 0

    def forget(self) -> None:
        """The process starts over: what it had asked for is nobody's."""
        self._under_way.clear()
        self._flying.clear()
        # A new process knows of no pause; it is told again.
        self._quiet_until_ns.clear()

    def asked(self, venue: str, path: str, now: int) -> None:
        """A request leaves."""
        self.requests += 1
        if now < self._quiet_until_ns.get(venue, 0):
            self._report("budget", f"{venue} was asked for {path} in a pause it had ordered")
        if (venue, path) in self._under_way:
            self._report("single flight", f"{venue} was asked twice at once for {path}")
        self._under_way.add((venue, path))

    def answered(self, venue: str, path: str, answer: Answer | None, now: int) -> None:
        """A reply arrived, or will never."""
        self._under_way.discard((venue, path))
        if answer is not None and answer.status in (418, 429):
            pause = int(answer.headers["Retry-After"]) * _S
            self._quiet_until_ns[venue] = max(self._quiet_until_ns.get(venue, 0), now + pause)

    def after(self, item: Input, effects: Iterable[Effect], now: int) -> None:
        """An input was handled. `now` is node time, by which the node gives a request up."""
        venue = item.source.partition(".")[0]
        if item.kind == InputKind.REPLY:
            for key in [key for key in self._flying if key[0] == venue and key[1] in item.note]:
                del self._flying[key]
        elif item.kind in (InputKind.OPEN, InputKind.CLOSE):
            for key in [key for key in self._flying if key[0] == venue]:
                del self._flying[key]
        for effect in effects:
            if effect.kind == EffectKind.FETCH and PURPOSE not in effect.fields:
                self._fetched(effect, now)
        self._before_ns = now

    def _fetched(self, effect: Effect, now: int) -> None:
        key = (effect.target, effect.subject)
        if now < self._flying.get(key, 0):
            self._report("single flight", f"the node asked again for {effect.subject}")
        # A timer asks at its own deadline, which may lie well before an input that sets the clock.
        self._flying[key] = min(now, self._before_ns or now) + _LOST_NS

    def look(self) -> None:
        """Look at what the venues found against their rules."""
        for venue in self._venues:
            for rule, count in venue.breaches.items():
                self._report("budget", f"{venue.name}: {rule} was broken {count} times")
