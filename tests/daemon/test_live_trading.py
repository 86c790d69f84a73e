"""A daemon that trades over the wire: what it holds is what the venues say, whatever is lost."""

import orjson

from arb.risk.reason import Cause
from market.inputs import STREAM
from tests.cli.door_verbs import run_beside

from .live_trading import trading, trading_world
from .running import no_rule_broken, until, verify


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


async def test_answers_and_fills_that_are_lost_are_found_again(tmp_path):
    """Every third frame or answer about orders is lost for a while, at both venues."""
    async with trading_world() as served, trading(tmp_path, served) as desk:
        seen = 0

        def lost(item):
            nonlocal seen
            if item.note == STREAM and b'"balances"' in item.data:
                return False
            seen += 1
            return seen % 3 == 0 and about_an_order(item)

        desk.lost = lost
        await desk.traded(15)
        await until(lambda: len(desk.dropped) > 20, "lost answers")
        desk.lost = lambda item: False
        await desk.halted()
        desk.assert_as_at_the_venues()
        assert desk.trader.store.totals.lost > 0
    verify(tmp_path / "recordings")


def about_an_order(item):
    """Tell whether a report is about one order; subscriptions are left alone."""
    if item.note != STREAM:
        return item.note.startswith(("place", "cancel", "query", "fills", "find", "replace"))
    frame = orjson.loads(item.data)
    tag = str(frame.get("id", ""))
    is_reply = tag.startswith(("place", "cancel", "query", "trades"))
    event = frame.get("event")
    return is_reply or (isinstance(event, dict) and event.get("e") == "executionReport")
