"""How a client of the simulated Binance spelled an order: what the market core does not keep."""

from dataclasses import dataclass

from sim.exchange.order import Order, Request

_WITHOUT_LIMIT = frozenset({"MARKET", "STOP_LOSS", "TAKE_PROFIT"})


@dataclass(eq=False, slots=True)
class Ticket:
    """The venue's words for one order, kept with it.

    `lots` is the quantity entered, `stop_price` is in ticks, `quote_qty` in 1e-8 of the quote
    asset; zero where not given.
    `live` is the order that stands for the ticket now: one that waits for a price which the market
    core cannot wait for is replaced when that comes, and keeps the id and times of the first.
    """

    client_id: str
    type: str
    tif: str
    stp: str
    lots: int = 0
    stop_price: int = 0
    quote_qty: int = 0
    strategy_id: int | None = None
    strategy_type: int | None = None
    cancel_id: str = ""  # of the cancel that ended it
    parked: bool = False  # waits for its price behind an order that only keeps its place
    request: Request | None = None  # what enters then
    first: Order | None = None
    live: Order | None = None
    prevented: int = 0  # lots that self-trade prevention kept from trading
    prevented_id: int = 0
    fills: int = 0

    def shown(self, order: Order) -> Order:
        """Return the order whose id and time of creation the client knows."""
        return self.first or order

    def price(self, order: Order) -> int:
        """Return the limit in ticks that the client gave, 0 for none."""
        return 0 if self.type in _WITHOUT_LIMIT else order.price
