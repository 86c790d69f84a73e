"""The two simulated venues over one market, as one thing to start and stop."""

import ssl
from collections.abc import Iterable
from fractions import Fraction
from types import TracebackType
from typing import Self

from sim.exchange.exchange import Exchange
from sim.feed.binance import BinanceFeed
from sim.feed.coinbase import CoinbaseFeed
from sim.market.base import Market
from sim.market.listing import BINANCE, COINBASE
from sim.market.scenario import WARM_UP_NS
from sim.market.scenarios import SCENARIOS
from sim.market.spec import WorldSpec
from sim.market.world import World

from .binance import BinanceRules, BinanceServer
from .coinbase import CoinbaseRules, CoinbaseServer
from .keys import ApiKey, KeyRing
from .pump import Listener, Pump, wall_start_ns
from .venue import VenueClock, VenueServer


def _spec(scenario: str) -> WorldSpec:
    if scenario not in SCENARIOS:
        raise ValueError(f"no scenario {scenario!r}; there are: {', '.join(SCENARIOS)}")
    return SCENARIOS[scenario]


class SimulatedWorld:
    """Both venues on loopback, driven by the clock of the running event loop.

    Use as `async with SimulatedWorld(seed=1) as world:`; then `world.binance` and `world.coinbase`
    have the addresses, counts and faults. Venue time is wall-clock time at the start; a market
    that is handed in goes on from its own time, and ours has been going on for `warm_up_ns`. `keys`
    open accounts; without any there is public data only, as no request can be signed.
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
        tls: ssl.SSLContext | None = None,
        keys: Iterable[ApiKey] = (),
    ) -> None:
        self._is_ours = market is None
        self.market = market or World(_spec(scenario), seed, wall_start_ns() - warm_up_ns)
        named = tuple(keys)
        binance_feed = BinanceFeed(self.market)
        coinbase_feed = CoinbaseFeed(self.market, self._exchange(COINBASE))
        self._pump = Pump(self.market, [], speed)
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
        return self.market.exchange(venue) if isinstance(self.market, World) else None

    @property
    def venues(self) -> dict[str, VenueServer]:
        """The servers by the names of their venues."""
        return {"binance": self.binance, "coinbase": self.coinbase}

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
