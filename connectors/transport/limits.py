"""What each venue allows, and what a request costs there.

Each figure keeps a distance from the venue's own: its clock and the network squeeze what we spread.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from connectors.transport.budget import BudgetParameters
from connectors.transport.clock import Clock
from connectors.transport.connection import ConnectionParameters, VenuePacers
from connectors.transport.epoch import EpochParameters
from connectors.transport.pacer import Pacer, Rate
from connectors.venue import Venue

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class VenueLimits:
    """A venue's rules for the transports.

    `connect` and `send` hold for all connections together; `epoch` for one. `rest_in_flight`
    requests may be under way at once. `weight` gives what a REST path costs.
    """

    connect: tuple[Rate, ...]
    send: tuple[Rate, ...]
    epoch: EpochParameters
    rollover_s: float
    budget: BudgetParameters
    rest_in_flight: int
    weight: Callable[[str], int]


#: Upper ends of depth limits and their weights.
_SPOT_DEPTH = ((100, 5), (500, 25), (1000, 50), (5000, 250))
_FUTURES_DEPTH = ((50, 2), (100, 5), (500, 10), (1000, 20))
_SPOT_WEIGHTS = {"exchangeInfo": 20, "time": 1, "ping": 1}
_FUTURES_WEIGHTS = {"exchangeInfo": 1, "time": 1, "ping": 1}
#: For a path that has no known weight.
_WEIGHT_DEFAULT = 20


def spot_weight(path: str) -> int:
    """Return the weight of a path of Binance's spot interface."""
    return _weight(path, _SPOT_DEPTH, _SPOT_WEIGHTS, limit_default=100)


def futures_weight(path: str) -> int:
    """Return the weight of a path of Binance's futures interfaces."""
    return _weight(path, _FUTURES_DEPTH, _FUTURES_WEIGHTS, limit_default=500)


def request_weight(path: str) -> int:  # noqa: ARG001
    """Every request counts one."""
    return 1


def _weight(
    path: str, depth: tuple[tuple[int, int], ...], fixed: dict[str, int], *, limit_default: int
) -> int:
    parts = urlsplit(path)
    name = parts.path.rsplit("/", 1)[-1]
    if name != "depth":
        return fixed.get(name, _WEIGHT_DEFAULT)
    asked = parse_qs(parts.query).get("limit", [""])[0]
    limit = int(asked) if asked.isascii() and asked.isdigit() else limit_default
    # A limit over the largest is cut to it by the venue.
    return next((weight for end, weight in depth if limit <= end), depth[-1][1])


#: 5 messages a second, pongs included: one is left for them. Pings come every 20 s, so their
#: absence for three times that means that nobody is there. 300 connections in 5 minutes.
_BINANCE = VenueLimits(
    connect=(Rate(5, 1.0), Rate(240, 300.0)),
    send=(Rate(100, 1.0),),
    epoch=EpochParameters(
        send_rate=Rate(4, 1.1),
        silence_s_max=60.0,
        pings_count=True,
        shutdown_mark=b'"serverShutdown"',
    ),
    rollover_s=_DAY_S - 1800.0,
    budget=BudgetParameters(burst=1200, per_second=60.0, per_minute=4800),
    rest_in_flight=4,
    weight=spot_weight,
)

#: The heartbeats channel speaks each second; first subscription within 5 s; 8 connections and 8
#: messages a second for the address; 10 requests a second.
_COINBASE = VenueLimits(
    connect=(Rate(6, 1.1),),
    send=(Rate(7, 1.1),),
    epoch=EpochParameters(send_rate=Rate(7, 1.1), subscribe_s_max=4.5, silence_s_max=5.0),
    rollover_s=0.0,
    budget=BudgetParameters(burst=4, per_second=5.0),
    rest_in_flight=2,
    weight=request_weight,
)

_LIMITS = {
    "binance": _BINANCE,
    # Taken to be a fifth of Binance's, at the same weights: on the safe side of either.
    "binance-us": replace(
        _BINANCE, budget=BudgetParameters(burst=300, per_second=10.0, per_minute=960)
    ),
    "binance-usdm": replace(
        _BINANCE,
        budget=BudgetParameters(burst=480, per_second=24.0, per_minute=1920),
        weight=futures_weight,
    ),
    "binance-coinm": replace(
        _BINANCE,
        budget=BudgetParameters(burst=480, per_second=24.0, per_minute=1920),
        weight=futures_weight,
    ),
    "coinbase": _COINBASE,
    "coinbase-exchange": _COINBASE,
}


def limits(venue: str, weight_per_minute: int | None = None) -> VenueLimits:
    """Return a venue's limits; ValueError names the venues there are.

    `weight_per_minute` is what REST may cost in a minute of the clock where the venue's own limit
    is not less. It should cover the dearest single request, which would go alone otherwise.
    """
    if venue not in _LIMITS:
        raise ValueError(f"unknown venue {venue!r}; known: {', '.join(_LIMITS)}")
    own = _LIMITS[venue]
    if weight_per_minute is None:
        return own
    return replace(own, budget=own.budget.within(weight_per_minute))


def dearest(venue: Venue) -> int:
    """Return what the dearest of the requests costs that the daemon makes to a venue."""
    paths = [venue.rules_path, venue.time_path, venue.audit_path("BTCUSDT")]
    paths += [path for path in [venue.snapshot_path("BTCUSDT")] if path]
    weight = limits(venue.name).weight
    return max(map(weight, paths))


def pacers_for(rules: VenueLimits, clock: Clock) -> VenuePacers:
    """Return the pacers of a venue; all its connections in the process must share them."""
    return VenuePacers(
        connect=Pacer(rules.connect, clock.monotonic_ns),
        send=Pacer(rules.send, clock.monotonic_ns),
    )


def parameters_for(rules: VenueLimits) -> ConnectionParameters:
    """Return the parameters of a connection to a venue; the rest as is usual."""
    return ConnectionParameters(epoch=rules.epoch, rollover_s=rules.rollover_s)
