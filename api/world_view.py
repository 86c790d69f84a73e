"""What the control door of the simulated venues needs of them."""

from typing import Any, Protocol


class WorldView(Protocol):
    """A served world as its door sees it; methods return at once, and plain JSON.

    Times are monotonic, in ns: other processes of this machine share that clock.
    """

    def status(self) -> dict[str, Any]:
        """Return `pid`, `market_ns`, `slipped_ns`, `venues` {name: {…}}, `fault`, `watching`."""

    def fault(self, venue: str, given: dict[str, Any]) -> dict[str, Any]:
        """Begin a fault; returns {`accepted`, `reason`}.

        `given`: `kind`, `seconds`, and where they apply `rate`, `amount_ms`, `channel`, `seed`.
        """

    def spell(self) -> dict[str, Any] | None:
        """Return the newest fault, None before the first."""

    def level3(self, instrument: str, orders_max: int) -> dict[str, Any] | None:
        """Return {`instrument`, `bids`, `asks`} with rows {`order`, `price`, `size`}.

        At most so many orders of each side, best price and oldest first; None for an instrument
        that is not there.
        """

    def watch(self, venue: str) -> dict[str, Any]:
        """Begin to take down the truth; returns {`accepted`, `reason`, `listings`}."""

    def truth(self) -> list[dict[str, Any]]:
        """Return the truth so far, a row a listing."""

    def unwatch(self) -> dict[str, Any]:
        """Forget the truth."""
