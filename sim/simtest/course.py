"""What the runs go through, drawn from their seeds; and what came of one."""

from dataclasses import dataclass, field, replace

from market.grid import Grid
from market.instrument import Instrument
from sim.market.listing import Listing
from sim.market.scenario import ACTIVE_FEES
from sim.market.scenarios import SCENARIOS
from sim.market.seeded import seeded
from sim.market.spec import WorldSpec

from . import crash, faults
from .binance import VirtualBinance
from .coinbase import VirtualCoinbase
from .crash import Crash
from .exchange import VirtualExchange
from .faults import Fault
from .violation import Violation
from .world import BTC_USD, BTC_USDT, ETH_USD, ETH_USDT, USDT_USD, spec

_S = 1_000_000_000

INPUTS_MIN = 2_000
#: Faults begin between these times; crashes fall within the first inputs.
FAULTS_FROM_NS, FAULTS_TO_NS = 3 * _S, 25 * _S

KINDS = {kind.name: kind for kind in (VirtualBinance, VirtualCoinbase, VirtualExchange)}
VENUES = tuple(KINDS)
#: Where orders go.
TRADED_VENUES = ("binance", "coinbase")
#: One seed in so many trades, over the wire.
_TRADES_EVERY = 2
_BOOKS = (
    ("binance", "BTCUSDT", BTC_USDT, "ids"),
    ("binance", "ETHUSDT", ETH_USDT, "ids"),
    ("coinbase", "BTC-USD", BTC_USD, "numbered"),
    ("coinbase", "ETH-USD", ETH_USD, "numbered"),
    ("coinbase", "USDT-USD", USDT_USD, "numbered"),
    ("coinbase-exchange", "BTC-USD", BTC_USD, "bare"),
    ("coinbase-exchange", "ETH-USD", ETH_USD, "bare"),
)
#: One in so many seeds has books beyond what a snapshot holds, one in so many begins with grids
#: that are too coarse.
_DEEP_EVERY, _COARSE_EVERY = 8, 6
#: Snapshots of exactly so many rows a side are cut ones.
_CUT_ROWS = 100


@dataclass(frozen=True, slots=True)
class Place:
    """A listing as the node knows it. `told`: "ids", "numbered" or "bare", by what frames say."""

    instrument: Instrument
    listing: Listing
    told: str


@dataclass(frozen=True, slots=True)
class Course:
    """What a run goes through.

    It ends at `until_ns`, or where that is 0 once nothing has been wrong for a while after the
    last fault and the last crash, and at least INPUTS_MIN inputs were handled. Each listing's flow
    does `actions_per_s`. `deep`: books have more levels than a snapshot, and prices move fast.
    `coarse`: the node begins with whole-number grids. `trades`: strategies make markets and take
    edges across the two venues. A `scenario` is a market of its own, by name.
    """

    venues: tuple[str, ...]
    faults: list[Fault]
    crashes: list[Crash]
    rollover_s: float
    until_ns: int = 0
    actions_per_s: float = 8.0
    deep: bool = False
    coarse: bool = False
    trades: bool = False
    scenario: str = ""

    @property
    def spec(self) -> WorldSpec:
        """The market."""
        if self.scenario:
            return replace(SCENARIOS[self.scenario], fees=ACTIVE_FEES)
        levels, pace = (130, 4) if self.deep else (45, 1)
        return spec(levels=levels, pace=pace, actions_per_s=self.actions_per_s, traded=self.trades)

    @property
    def rows_max(self) -> int:
        """How many rows a side a fetched snapshot has at most."""
        return _CUT_ROWS if self.deep else 1_000

    def places(self) -> list[Place]:
        """Return the books under test, in the order of their slots."""
        return [
            Place(self._instrument(venue, native, listing), listing, told)
            for venue, native, listing, told in _BOOKS
            if venue in self.venues and (self.trades or listing is not USDT_USD)
        ]

    def _instrument(self, venue: str, native: str, listing: Listing) -> Instrument:
        price, size = Grid(listing.price_decimals), Grid(listing.size_decimals)
        origin = "venue"
        if self.coarse:
            price, size, origin = Grid(0), Grid(0), "inferred"
        return Instrument(venue, native, listing.base, listing.quote, price, size, origin=origin)


def course_of(seed: int) -> Course:
    """Draw the course of a seed."""
    random = seeded(seed, "plan")
    trades = seed % _TRADES_EVERY == 0
    venues = TRADED_VENUES if trades else VENUES
    return Course(
        venues,
        faults.plan(random, venues, FAULTS_FROM_NS, FAULTS_TO_NS),
        crash.plan(random, INPUTS_MIN * 3 // 4, keeps=trades),
        random.choice((86_400.0, 86_400.0, 45.0, 15.0)),
        deep=random.randrange(_DEEP_EVERY) == 0,
        coarse=random.randrange(_COARSE_EVERY) == 0,
        trades=trades,
    )


@dataclass(slots=True)
class Result:
    """What came of one seed. Times in ns of virtual time."""

    seed: int
    inputs: int = 0
    digest: str = ""
    virtual_ns: int = 0
    faults: list[str] = field(default_factory=list)
    bites: dict[str, int] = field(default_factory=dict)
    crashes: list[str] = field(default_factory=list)
    replayed: int = 0
    requests: int = 0
    fills: int = 0
    halts: int = 0
    recovery_ns: int = 0
    outages_ns: list[int] = field(default_factory=list)
    wrong_ns: list[int] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every promise was kept."""
        return not self.violations
