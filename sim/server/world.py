"""The two simulated venues over one market, as one thing to start and stop."""

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from types import TracebackType
from typing import Self

from market.fees import Fees
from sim.exchange.book import RestingOrder
from sim.exchange.exchange import Exchange
from sim.feed.binance import BinanceFeed
from sim.feed.coinbase import CoinbaseFeed
from sim.market.base import Market
from sim.market.listing import BINANCE, COINBASE
from sim.market.scenario import WARM_UP_NS
from sim.market.scenarios import SCENARIOS, crowd
from sim.market.spec import WorldSpec
from sim.market.world import World

from .binance import BinanceRules, BinanceServer
from .coinbase import CoinbaseRules, CoinbaseServer
from .keys import ApiKey, KeyRing
from .paced_market import PacedMarket
from .pump import Listener, Pump, wall_start_ns
from .venue import VenueClock, VenueServer

#: Of each symbol of a crowd: an ordinary rate.
CROWD_ORDERS_PER_S = 5.0


def _spec(scenario: str) -> WorldSpec:
    if scenario not in SCENARIOS:
        raise ValueError(f"no scenario {scenario!r}; there are: {', '.join(SCENARIOS)}")
    return SCENARIOS[scenario]


def _funded(key: ApiKey, market: Market, *, lenient: bool) -> ApiKey:
    """Return a key whose funds are all of assets that its venue lists, else ValueError.

    `lenient` leaves out the others: a crowd lists none of the usual assets.
    """
    listed = {
        asset
        for one in market.listings
        if one.venue == key.venue
        for asset in (one.base, one.quote)
    }
    funds = {asset: amount for asset, amount in key.balances.items() if asset in listed}
    if len(funds) < len(key.balances) and not lenient:
        unknown = ", ".join(asset for asset in key.balances if asset not in listed)
        raise ValueError(f"account {key.account!r}: {key.venue} lists no {unknown}")
    return replace(key, balances=funds)


class SimulatedWorld:
    """Both venues on loopback, driven by the clock of the running event loop.

    Use as `async with SimulatedWorld(seed=1) as world:`; then `world.binance` and `world.coinbase`
    have the addresses, counts and faults. Venue time is wall-clock time at the start; a market
    that is handed in goes on from its own time, and ours has been going on for `warm_up_ns`. `keys`
    open accounts; without any there is public data only, as no request can be signed. `symbols`
    is for load: so many at each venue instead of a scenario. ValueError for either that is unknown.
    `speed` is market seconds in a second: the stamps of the feeds stay those of the clock, orders
    carry times of the market itself. `fees` by venue stand in for those of the scenario.
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        market: Market | None = None,
        binance_rules: BinanceRules | None = None,
        coinbase_rules: CoinbaseRules | None = None,
        ports: tuple[int, int] = (0, 0),
        warm_up_ns: int = WARM_UP_NS,
        speed: Fraction = Fraction(1),
        scenario: str = "calm",
        symbols: int = 0,
        tls: ssl.SSLContext | None = None,
        keys: Iterable[ApiKey] = (),
        fees: Mapping[str, Fees] | None = None,
    ) -> None:
        self._is_ours = market is None
        spec = crowd(symbols, CROWD_ORDERS_PER_S) if symbols else _spec(scenario)
        if fees is not None:
            spec = replace(spec, fees=fees)
        self._traded = market or World(spec, seed, wall_start_ns() - warm_up_ns)
        self.market = self._traded
        if speed != 1:
            if self._is_ours:
                self._traded.advance(wall_start_ns())
            self.market = PacedMarket(self._traded, speed)
            self._is_ours = False
        named = [_funded(key, self.market, lenient=symbols > 0) for key in keys]
        binance_feed = BinanceFeed(self.market)
        coinbase_feed = CoinbaseFeed(self.market, self._exchange(COINBASE))
        self._pump = Pump(self.market, [])
        now_ns = self._pump.now_ns
        self.binance = BinanceServer(
            binance_feed,
            VenueClock(now_ns),
            binance_rules,
            exchange=self._exchange(BINANCE),
            keys=KeyRing(key for key in named if key.venue == BINANCE),
        )
        self.coinbase = CoinbaseServer(
            coinbase_feed,
            VenueClock(now_ns),
            coinbase_rules,
            self._exchange(COINBASE),
            [key for key in named if key.venue == COINBASE],
        )
        self._pump.add(self.binance.on_events)
        self._pump.add(self.coinbase.on_events)
        self._ports = ports
        for server in self.venues.values():
            server.tls = tls

    def _exchange(self, venue: str) -> Exchange | None:
        """Return what trades at a venue; a market that was handed in may have none."""
        return self._traded.exchange(venue) if isinstance(self._traded, World) else None

    @property
    def venues(self) -> dict[str, VenueServer]:
        """The servers by the names of their venues."""
        return {"binance": self.binance, "coinbase": self.coinbase}

    def resting(self, instrument: str) -> list[list[RestingOrder]] | None:
        """Return the resting orders of an instrument id by side, None for one that is not there.

        It looks at every open order of the venue. A market that was handed in shows none.
        """
        for venue in (BINANCE, COINBASE):
            exchange = self._exchange(venue)
            if exchange is not None and any(one.id == instrument for one in exchange.listings):
                return exchange.resting([instrument])[instrument]
        return None

    def listen(self, listener: Listener) -> None:
        """Hand what happens in the market to one more listener, at each step."""
        self._pump.add(listener)

    @property
    def slipped_ns(self) -> int:
        """How far the venues' clocks fell behind because the event loop was held up."""
        return self._pump.slipped_ns

    async def start(self) -> None:
        """Bring the market up to now, then listen. OSError if a port is taken."""
        # Warming up takes a moment itself: the second look closes in on the wall clock.
        for _ in range(2 if self._is_ours else 0):
            self._pump.advance(wall_start_ns())
        self._pump.start()
        try:
            await self.binance.start(self._ports[0])
            await self.coinbase.start(self._ports[1])
        except OSError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close every connection and let the market stand."""
        self._pump.stop()
        await self.binance.stop()
        await self.coinbase.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
