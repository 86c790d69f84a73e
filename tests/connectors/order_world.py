"""What the tests of order gateways share: an order, instruments, and an outlet that remembers."""

from dataclasses import dataclass, field

from arb.orders.order import OwnOrder, Purpose
from connectors.orders import Listings, Outlet
from market.grid import Grid
from market.instrument import Instrument
from market.order import Side, Tif, Type

BTCUSDT = Instrument("binance", "BTCUSDT", "BTC", "USDT", Grid(2), Grid(5))
BTC_USD = Instrument("coinbase", "BTC-USD", "BTC", "USD", Grid(2), Grid(8))
ODD = Instrument("binance", "ODDUSDT", "ODD", "USDT", Grid(2, 5), Grid(0, 10))
PREFIX = "cq7"


def order(number=7, side=Side.BUY, price=5_000_000, lots=100_000, slot=0, **fields):
    kind, tif = fields.pop("type", Type.LIMIT), fields.pop("tif", Tif.GTC)
    created = fields.pop("created_ns", 1_700_000_000 * 10**9)
    made = OwnOrder(
        number, slot, side, kind, tif, price, lots, Purpose.QUOTE, "test", created,
        fields.pop("post_only", False),
    )  # fmt: skip
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def listings(*instruments):
    by_native = {one.native: one for one in instruments}
    return Listings(lambda slot: instruments[slot], by_native.get)


@dataclass
class Heard:
    """Keeps what a gateway sends and tells."""

    requests: list = field(default_factory=list)
    events: list = field(default_factory=list)
    balances: list = field(default_factory=list)

    @property
    def outlet(self):
        return Outlet(self.requests.append, self.events.append, self.balances.append)

    def take(self):
        """Return the events since the last call."""
        events, self.events[:] = list(self.events), []
        return events
