"""A daemon in mode testnet: real ccxt processes, with simulated venues in the networks' place."""

import base64
import os
import signal
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial

from msgspec.structs import replace

from cli import testnet
from cli.settings import Secret
from cli.settings import testnet as networks
from cli.settings.trading import LimitSettings, StrategySettings
from daemon import Options
from market.amount import amount_of
from sim.server.demo import ACCOUNT, PASSPHRASE
from tests.cli.door_verbs import run_beside
from tests.connectors.testnet.patience import until

from .live_trading import LIMITS, PATIENT, VENUE, Trading, trading_world
from .running import Running, no_rule_broken, settings_for, verify

SHARED = base64.b64encode(b"crossquote demo secret").decode()
KEYS = {
    "BINANCE_API_KEY": "demo",
    "BINANCE_API_SECRET": SHARED,
    "COINBASE_EXCHANGE_API_KEY": "demo",
    "COINBASE_EXCHANGE_API_SECRET": SHARED,
    "COINBASE_EXCHANGE_API_PASSPHRASE": PASSPHRASE,
}
SECRETS = {name: Secret(text) for name, text in KEYS.items()}
USUAL = VENUE | {"maker_fee": "0.0001", "taker_fee": "0.0003"}
STRATEGIES = (
    StrategySettings(
        name="xemm",
        instruments=("BTC-USDT.BINANCE", "BTC-USD.COINBASE-EXCHANGE"),
        keys={"size": "0.01", "margin_bps": "-20", **PATIENT},
    ),
)


def settings_at(folder, served, **trading):
    given = settings_for(folder, served.binance, served.coinbase)
    venues = replace(
        given.venues,
        binance=replace(given.venues.binance, instruments=("BTC-USDT",), **USUAL),
        coinbase=replace(given.venues.coinbase, enabled=False),
        coinbase_exchange=replace(
            given.venues.coinbase_exchange,
            enabled=True,
            instruments=("BTC-USD", "USDT-USD"),
            **USUAL,
        ),
    )
    chosen = {
        "strategies": STRATEGIES,
        "limits": LimitSettings(**LIMITS),
        "reconcile_s": 1,
    } | trading
    return replace(
        given,
        mode="testnet",
        venues=venues,
        testnet=networks.TestnetSettings(
            binance=networks.BinanceTestnet(url=served.binance.http_url),
            coinbase_exchange=networks.CoinbaseSandbox(url=served.coinbase.http_url),
        ),
        trading=replace(given.trading, halt_file=str(folder / "halt"), **chosen),
    )


@asynccontextmanager
async def trading(settings, served):
    options = Options(
        testnet.feed_addresses(settings), doors=partial(testnet.order_doors, settings, SECRETS)
    )
    async with Running(settings, options=options) as running:
        made = Trading(running, served)
        await until(lambda: made.world.ready, "order channels that are ready")
        yield made


def assert_as_at_the_venues(desk, served):
    held = {key: amount for key, amount in desk.trader.portfolio.balances.items() if amount}
    theirs = {}
    for name, venue in (("binance", "binance"), ("coinbase-exchange", "coinbase")):
        exchange = served._exchange(venue.upper())
        account = exchange.account_of(ACCOUNT)
        assert exchange.open_orders(account) == []
        for asset, one in exchange.balances(account).items():
            assert one.locked == Decimal(0)
            theirs[name, asset] = amount_of(f"{one.free:f}")
    assert held == theirs
    assert all(check.differences == {} for check in desk.world.checks.values())
    assert desk.trader.violations == 0


async def traded(desk, fills):
    """Wait until there are so many more fills."""
    before = desk.fills
    await until(lambda: desk.fills >= before + fills, f"{fills} fills")


async def test_what_was_traded_through_ccxt_is_what_the_venues_say(tmp_path, capsys):
    async with trading_world() as served:
        settings = settings_at(tmp_path, served)
        async with trading(settings, served) as desk:
            await traded(desk, 4)
            os.kill(desk.running.daemon.doors["binance"].pid, signal.SIGKILL)
            await until(lambda: not desk.world.ready, "the loss of a process")
            await until(lambda: desk.world.ready, "another process")
            await traded(desk, 1)
            socket = ("--socket", settings.control.socket)
            assert await run_beside("status", *socket) == 0
            told = capsys.readouterr().out
            assert "orders: Binance Spot Testnet, in its place http://127.0.0.1" in told
            await desk.halted()
            assert_as_at_the_venues(desk, served)
            no_rule_broken(served)
    verify(tmp_path / "recordings")
