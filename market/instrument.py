"""What can be traded, and by which rules."""

from dataclasses import dataclass, replace
from enum import StrEnum

from market.grid import Grid


class Kind(StrEnum):
    """The kind of contract."""

    SPOT = "spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"


#: Venue of the connectors -> suffix of instrument ids.
VENUES: dict[str, str] = {
    "binance": "BINANCE",
    "binance-us": "BINANCE-US",
    "binance-usdm": "BINANCE-USDM",
    "binance-coinm": "BINANCE-COINM",
    "coinbase": "COINBASE",
    "coinbase-exchange": "COINBASE-EXCHANGE",
}


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument of one venue: names, kind, grids and order rules.

    `venue` is the connector's name (`binance-usdm`), `native` the venue's own id (`BTCUSDT`).
    Prices are ticks of `price`, sizes lots of `size`; both are refined, never narrowed.
    `multiplier` is the value of one whole size unit: in base currency for linear instruments
    (1 for spot), in quote currency for inverse ones (100 for BTCUSD_PERP).
    Limits are decimal text as the venue spells them, empty where it states none; `tick` and `lot`
    are the increments which orders must keep: the grids may be finer, because books show values
    that no order may name. `alias` is the native id under which a venue publishes this book when
    it is another one's (Coinbase: BTC-USDC is shown as BTC-USD).
    `origin` names where the rules came from: `venue`, `file`, `shipped`, `ccxt` or `inferred`.
    """

    venue: str
    native: str
    base: str
    quote: str
    price: Grid
    size: Grid
    kind: Kind = Kind.SPOT
    expiry: str = ""
    inverse: bool = False
    multiplier: int = 1
    min_size: str = ""
    max_size: str = ""
    min_notional: str = ""
    origin: str = "inferred"
    tick: str = ""
    lot: str = ""
    alias: str = ""

    @property
    def pair(self) -> str:
        """The canonical symbol: `BTC-USDT`, `BTC-USDT-PERP`, `BTC-USD-240927`."""
        return pair_of(self.base, self.quote, self.kind, self.expiry)

    @property
    def id(self) -> str:
        """The instrument id: `BTC-USDT-PERP.BINANCE-USDM`."""
        return f"{self.pair}.{VENUES[self.venue]}"

    def with_grids(self, price: Grid, size: Grid) -> "Instrument":
        """Return the same instrument on other grids."""
        return replace(self, price=price, size=size)

    def factors_to(self, finer: "Instrument") -> tuple[int, int]:
        """Return the factors from our ticks and lots to those of the same instrument, refined.

        (1, 1) means that books need no rescaling. Raises ValueError where `finer` is not finer.
        """
        return self.price.factor_to(finer.price), self.size.factor_to(finer.size)


def pair_of(base: str, quote: str, kind: Kind, expiry: str) -> str:
    """Return the canonical symbol: `BTC-USDT`, `BTC-USDT-PERP`, `BTC-USD-240927`."""
    suffix = {Kind.SPOT: "", Kind.PERPETUAL: "-PERP", Kind.FUTURE: f"-{expiry}"}
    return f"{base}-{quote}{suffix[kind]}"
