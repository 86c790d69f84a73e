"""What the tests of trading over the wire share: a world with accounts, a daemon, a comparison."""

import json
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial

from msgspec.structs import replace

from cli.order_doors import sim_doors
from cli.settings.trading import LimitSettings, StrategySettings
from connectors.transport.venue_feed import FeedAddress
from daemon import Options
from market.amount import amount_of
from market.inputs import InputKind
from sim.market.scenario import ACTIVE_FEES
from sim.server.demo import ACCOUNT, demo_keys

from .running import Running, settings_for, until, world

#: A machine that is busy with other tests may be late with everything: that halts nothing here.
PATIENT = {"limit_ms": "60000", "grace_ms": "10000", "tries": "100", "band_bps": "100"}
STRATEGIES = (
    StrategySettings(
        name="xemm",
        instruments=("BTC-USDT.BINANCE", "BTC-USD.COINBASE"),
        keys={"size": "0.01", "margin_bps": "-20", **PATIENT},
    ),
    StrategySettings(
        name="arbitrage",
        instruments=("ETH-USDT.BINANCE", "ETH-USD.COINBASE"),
        keys={"size": "0.2", "margin_bps": "-10", **PATIENT},
    ),
)
LIMITS = dict.fromkeys(("drawdown_max", "loss_max", "volume_permille", "jump_bps", "doubt_ms"), 0)
VENUE = {"silence_ms": 60_000, "lag_ms": 60_000}


def trading_world(**options):
    """Return a world whose demo accounts pay what an active trader does."""
    return world(keys=demo_keys(), fees=ACTIVE_FEES, **options)


def live_settings(folder, served, strategies=STRATEGIES, **trading):
    """Return settings of mode sim; the venues are those of the test."""
    given = settings_for(folder, served.binance, served.coinbase)
    limits = LimitSettings(**LIMITS)
    chosen = {"strategies": strategies, "limits": limits, "reconcile_s": 1} | trading
    own = replace(given.trading, halt_file=str(folder / "halt"), **chosen)
    venues = replace(
        given.venues,
        binance=replace(given.venues.binance, **VENUE),
        coinbase=replace(given.venues.coinbase, **VENUE),
    )
    return replace(given, mode="sim", trading=own, venues=venues)


def addresses_of(served):
    return {
        "binance": FeedAddress(f"{served.binance.ws_url}/stream", served.binance.http_url),
        "coinbase": FeedAddress(served.coinbase.ws_url, served.coinbase.http_url),
    }


class Trading:
    """A daemon that trades at a served world, from outside and from inside."""

    def __init__(self, running, served):
        self.running, self.served = running, served
        #: What a door tells and the daemon does not hear: (item) -> whether it is lost.
        self.lost = lambda item: False
        self.dropped = []
        for door in running.daemon.doors.values():
            door._sink = partial(self._hear, door._sink)

    def _hear(self, sink, item):
        if item.kind is InputKind.REPORT and self.lost(item):
            self.dropped.append(item)
        else:
            sink(item)

    @property
    def world(self):
        return self.running.daemon.node.desk.live

    @property
    def trader(self):
        return self.world.trader

    @property
    def fills(self):
        return self.trader.store.totals.fills

    async def traded(self, fills):
        """Wait until there are so many more fills."""
        before = self.fills
        await until(lambda: self.fills >= before + fills, f"{fills} fills")

    async def halted(self):
        """Halt, and wait until no order is open here, and everything was compared once more."""
        assert self.running.view.command("halt", "test")["accepted"]
        await until(lambda: not self.trader.store.open, "the end of every order")
        checks = {venue: check.checks for venue, check in self.world.checks.items()}
        await until(
            lambda: all(
                check.checks >= checks[venue] + 2 for venue, check in self.world.checks.items()
            ),
            "two checks",
        )

    def assert_as_at_the_venues(self):
        """Assert that orders and balances are those of the venues' own accounts, to the unit."""
        assert_accounts(self.served, self.trader.portfolio.balances)
        assert all(check.differences == {} for check in self.world.checks.values())
        assert self.trader.store.totals.overfills == 0
        assert self.trader.violations == 0


def assert_accounts(served, balances):
    """Assert that amounts by (venue, asset) are what the venues' accounts have, and no more."""
    theirs = {}
    for venue in ("binance", "coinbase"):
        exchange = served._exchange(venue.upper())
        account = exchange.account_of(ACCOUNT)
        assert exchange.open_orders(account) == []
        for asset, held in exchange.balances(account).items():
            theirs[venue, asset] = amount_of(f"{held.free + held.locked:f}")
            assert held.locked == Decimal(0)
    assert {key: amount for key, amount in balances.items() if amount} == theirs


@asynccontextmanager
async def trading(folder, served, **changes):
    """Run a daemon that trades; what it does is compared by whoever uses it."""
    settings = live_settings(folder, served, **changes)
    addresses = addresses_of(served)
    options = Options(addresses, doors=partial(sim_doors, addresses, (), {}))
    running = Running(settings, options=options)
    async with running:
        made = Trading(running, served)
        await until(lambda: made.world.ready, "order channels that are ready")
        yield made


def process_settings(served, folder):
    """Return the settings of a process that trades at a world which is served elsewhere."""
    rows = [
        {"name": one.name, "instruments": list(one.instruments), "keys": one.keys}
        for one in STRATEGIES
    ]
    ports = f"{{binance: {served.binance.port}, coinbase: {served.coinbase.port}}}"
    return (
        f"mode: sim\nsim: {{start: false, ports: {ports}}}\n"
        f"venues: {json.dumps({'binance': VENUE, 'coinbase': VENUE})}\n"
        f"trading:\n  reconcile_s: 1\n  halt_file: {folder / 'halt'}\n"
        f"  limits: {json.dumps(LIMITS)}\n"
        f"  strategies: {json.dumps(rows)}\n"
    )
