"""How much of the time something held."""


class Share:
    """Time-weighted share of a condition between the first and the last look at it."""

    def __init__(self) -> None:
        self._on = False
        self._since = 0
        self._known = False
        self.on_ns = 0
        self.known_ns = 0

    def set(self, known: bool, on: bool, now: int) -> None:
        """The condition is `on` from now, or cannot be told."""
        self._add(now)
        self._known = known
        self._on = on and known

    def _add(self, now: int) -> None:
        if self._known:
            self.known_ns += now - self._since
            if self._on:
                self.on_ns += now - self._since
        self._since = now

    def settle(self, now: int) -> None:
        """Add up to now, so that what is held does not depend on when anyone looked."""
        self._add(now)

    def share(self, now: int) -> float | None:
        """Return the share up to now, None where it could never be told."""
        self._add(now)
        return self.on_ns / self.known_ns if self.known_ns else None
