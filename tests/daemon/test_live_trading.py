"""A daemon that trades over the wire: what it holds is what the venues say, whatever is lost."""

import asyncio
import random
import re
import signal

from arb.risk.reason import Cause, RiskState
from market.amount import amount_of
from market.inputs import STREAM
from sim.server.faults import Fault
from tests.cli.door_verbs import run_beside

from .live_trading import assert_accounts, process_settings, trading, trading_world
from .process import DaemonProcess
from .running import no_rule_broken, until, verify

#: Answers of Binance that are frames, and the order that an answer of Coinbase is about.
ASKED = re.compile(rb'"id":"(query|trades|open|balances)')
TAG = re.compile("^(?:place|cancel)([0-9]+)")


async def test_what_was_traded_and_what_is_held_is_what_the_venues_say(tmp_path, capsys):
    async with trading_world() as served, trading(tmp_path, served) as desk:
        await desk.traded(40)
        socket = ("--socket", desk.running.settings.control.socket)
        for verb in ("orders", "positions", "pnl", "risk", "status"):
            assert await run_beside(verb, *socket) == 0
            assert "live" in capsys.readouterr().out
        assert {spec.name for spec in desk.running.daemon.node.desk.config.strategies} == {
            strategy for (_, strategy) in desk.trader.portfolio.positions
        }
        await desk.halted()
        desk.assert_as_at_the_venues()
        assert desk.trader.portfolio.positions
        no_rule_broken(served)
    verify(tmp_path / "recordings")


async def test_a_stream_that_is_cut_in_the_middle_loses_nothing(tmp_path):
    async with trading_world() as served, trading(tmp_path, served) as desk:
        for venue in (served.binance, served.coinbase):
            await desk.traded(5)
            opens = {name: one.opens for name, one in desk.world.channels.items()}
            venue.disconnect_all(abrupt=True)
            await until(
                lambda before=opens: any(
                    one.opens > before[name] for name, one in desk.world.channels.items()
                ),
                "a new stream",
            )
            await until(lambda: desk.world.ready, "ready channels")
            assert Cause.CONNECTION not in desk.trader.switch.causes
        await desk.traded(5)
        await desk.halted()
        desk.assert_as_at_the_venues()
    verify(tmp_path / "recordings")


async def test_orders_of_which_nothing_is_heard_are_found_with_their_fills(tmp_path):
    """Of every third order nothing comes, neither answer nor event, but what is asked about it.

    A hedge that is lost for too long halts; then there is no other to be found.
    """
    async with trading_world() as served, trading(tmp_path, served) as desk:
        own = re.compile(f'{desk.world.ids.prefix}-([0-9]+)"'.encode())

        def lost(item):
            if item.note != STREAM:
                numbers = TAG.findall(item.note)
            elif ASKED.search(item.data):
                numbers = []
            else:
                numbers = own.findall(item.data)
            return any(int(number) % 3 == 0 for number in numbers)

        desk.lost = lost
        store, switch = desk.trader.store, desk.trader.switch
        await until(lambda: store.totals.lost >= 2 or switch.state is RiskState.HALT, "lost orders")
        desk.lost = lambda item: False
        await desk.halted()
        desk.assert_as_at_the_venues()
        assert desk.dropped
        assert store.totals.lost
    verify(tmp_path / "recordings")


async def test_after_kills_in_the_middle_of_trading_nothing_is_missing(tmp_path):
    """The venues go on meanwhile: what rests there is filled while nobody listens."""
    instants = random.Random(5)
    async with trading_world() as served:
        lines = process_settings(served, tmp_path)
        fills = 0
        for _ in range(2):
            with DaemonProcess(tmp_path / "run", lines) as daemon:
                await daemon.up()
                await traded(daemon, fills + 1)
                await asyncio.sleep(instants.random() / 2)
                fills = row_of(daemon)["fills"]
                daemon.signal(signal.SIGKILL)
                await daemon.ended()
        with DaemonProcess(tmp_path / "run", lines) as daemon:
            await daemon.up()
            assert row_of(daemon)["fills"] >= fills
            assert daemon.door.command("halt", "test")["accepted"]
            await until(lambda: row_of(daemon)["open_orders"] == 0, "the end of every order")
            await until(lambda: is_reconciled(daemon), "an agreement")
            assert_accounts(served, balances_of(daemon))
            daemon.signal(signal.SIGINT)
            assert (await daemon.ended())[0] == 0, daemon.told
    verify(daemon.recordings, open_ends=2)


async def traded(daemon, fills):
    await until(lambda: row_of(daemon)["fills"] >= fills, f"{fills} fills")


def row_of(daemon):
    return daemon.status()["trading"]["worlds"]["live"]


def is_reconciled(daemon):
    """Tell whether every venue was compared after the start, and nothing is unexplained."""
    return all(
        row["state"] == "ready" and row["checks"] >= 2 and not row["differences"]
        for row in daemon.door.positions()["live"]["venues"].values()
    )


def balances_of(daemon):
    held = daemon.door.positions()["live"]["balances"]
    return {tuple(name.split(":")): amount_of(text) for name, text in held.items()}


async def test_faults_of_the_user_feed_and_of_rest_lose_nothing(tmp_path):
    async with trading_world() as served, trading(tmp_path, served) as desk:
        for fault in (Fault.DROP, Fault.MALFORM, Fault.REPEAT, Fault.REORDER):
            await desk.traded(3)
            served.coinbase.faults.order(fault, "user", frames=4)
        await until(lambda: not served.coinbase.faults.pending, "faults that met frames")
        served.coinbase.http_faults.limit(0.5)
        await desk.traded(3)
        await desk.halted()
        desk.assert_as_at_the_venues()
        counts = desk.world.channels["coinbase"].gateway.counts
        assert counts["gap"]
    verify(tmp_path / "recordings")
