"""What trades on the watch screen, and the key that halts."""

import asyncio
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.client import DoorClient
from cli import watch_halt
from cli.watch_feed import LEVELS, Feed, Seen
from cli.watch_halt import HaltKey
from cli.watch_screen import screen
from cli.watch_text import Lines
from cli.watch_trading import ORDERS_MAX, SCHEDULES_MAX, orders, schedules, worlds
from tests.api.fake_view import FakeView, serving
from tests.effort import examples

from .test_door_fields import ANYTHING


class TradingView(FakeView):
    """A daemon with one strategy in two worlds, which takes a halt."""

    def status(self):
        row = {"open_orders": 1, "fills": 12}
        return super().status() | {
            "trading": {
                "currency": "USDT",
                "schedules": 6,
                "worlds": {
                    "pessimistic": {**row, "state": "ACTIVE", "pnl": "-1.234567"},
                    "optimistic": {**row, "state": "HALT", "pnl": "1234.5"},
                },
            }
        }

    def pnl(self):
        return {
            "currency": "USDT",
            "band": ["-1.234567", "1234.5"],
            "worlds": {"pessimistic": {"drawdown": "3.5"}, "optimistic": {"drawdown": "0"}},
        }

    def positions(self):
        hedge = {"open": "0.0100", "bound": "0.05", "state": "sent"}
        return {"pessimistic": {"hedges": [hedge]}, "optimistic": {"hedges": []}}

    def risk(self):
        cause = {"user": {"state": "HALT", "detail": "tour"}}
        return {"worlds": {"pessimistic": {"causes": {}}, "optimistic": {"causes": cause}}}

    def orders(self):
        one = {
            "instrument": "BTC-USDT.BINANCE",
            "side": "buy",
            "price": "61834.50",
            "size": "0.01",
            "filled": "0",
            "state": "live",
            "strategy": "xemm",
        }
        return {"pessimistic": {"open": [{**one, "age_ms": age} for age in range(9000, 0, -900)]}}

    def schedules(self):
        one = {
            "schedule": "twap",
            "instrument": "BTC-USDT.BINANCE",
            "side": "buy",
            "size": "0.5",
            "done": "0.0300",
            "state": "working",
            "next_ns": 1_400_000_000,
            "next_size": "0.004",
            "average": "61834.5",
            "cost_arrival_bps": 1.25,
            "cost_vwap_bps": -0.5,
        }
        paused = {**one, "state": "paused", "next_ns": None, "next_size": None, "refused": 7}
        worlds = {"pessimistic": {"schedules": [one] * 5}, "optimistic": {"schedules": [paused]}}
        return {"now_ns": 1_000_000_000, "worlds": worlds}

    def command(self, name, argument):
        self.commands.append((name, argument))
        return {"accepted": True, "reason": ""}


def seen(view=None):
    view = view or TradingView()
    return Seen(
        view.status(),
        view.books(LEVELS),
        view.edges(),
        view.connections(),
        orders=view.orders(),
        positions=view.positions(),
        pnl=view.pnl(),
        risk=view.risk(),
        schedules=view.schedules(),
    )


def plain(lines: Lines):
    return "\n".join(line.plain for line in lines)


def test_each_world_says_state_result_orders_and_what_is_unhedged():
    said = plain(worlds(seen(), 140))
    assert "trading  -1.23 to +1,234.50 USDT" in said
    assert "pessimistic  ACTIVE  -1.23 USDT  orders 1  fills 12  drawdown 3.50" in said
    assert "unhedged 0.01 of 0.05 sent" in said
    assert "optimistic   HALT  +1,234.50 USDT" in said
    assert said.rstrip().endswith("user")


def test_orders_are_listed_newest_first_and_bounded():
    lines = orders(seen(), 140)
    assert len(lines) == 1 + ORDERS_MAX + 1
    said = plain(lines)
    assert "buy  0.01 at 61834.50  filled 0  live  xemm  0.9s" in lines[1].plain
    assert "pessimistic: 2 more" in said


def test_each_schedule_says_how_far_it_is_what_comes_next_and_what_it_cost():
    lines = schedules(seen(), 160)
    assert len(lines) == 1 + SCHEDULES_MAX + 1 + 1
    said = lines[1].plain
    for part in (
        "twap          buy  0.03 of 0.5 BTC-USDT.BINANCE  working  next 0.004 in 0.4s",
        "bps against arrival +1.25 vwap -0.50  average 61834.5",
    ):
        assert part in said
    assert "pessimistic: 1 more schedules" in lines[-2].plain
    assert "paused  refused 7  next -" in lines[-1].plain
    assert schedules(Seen({}), 160) == []


def test_without_trading_the_screen_has_no_word_of_it():
    view = FakeView()
    found = Seen(view.status(), view.books(LEVELS), view.edges(), view.connections())
    said = plain(screen(found, 120, 40, "crossquote.sock"))
    assert "trading" not in said
    assert "halts" not in said


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 60)])
def test_the_usual_terminals_show_what_trades_and_the_key(width, height):
    lines = screen(seen(), width, height, "crossquote.sock")
    assert len(lines) == height
    said = plain(lines)
    assert "pessimistic  ACTIVE  -1.23 USDT" in said
    assert "61834.56" in said
    assert "q leaves   h halts" in lines[-1].plain


def test_a_note_takes_the_last_line():
    from rich.text import Text

    lines = screen(seen(), 80, 24, "crossquote.sock", Text("halt?"))
    assert len(lines) == 24
    assert lines[-1].plain.rstrip() == "halt?"


@settings(max_examples=examples(0.3))
@given(st.dictionaries(st.text(max_size=5), ANYTHING, max_size=4), ANYTHING)
def test_odd_answers_are_drawn_all_the_same(odd, value):
    rows = {"worlds": {"a": odd, "b": value}, "currency": value}
    found = Seen(
        *({"trading": rows}, [], {}, []),
        **dict.fromkeys(("positions", "pnl", "risk", "schedules"), odd),
        orders={"a": odd},
    )
    assert len(screen(found, 100, 30, "s")) == 30


async def test_trading_is_asked_for_only_where_something_trades(tmp_path):
    for view, expected in ((TradingView(), True), (FakeView(), False)):
        async with serving(tmp_path / "s", view):
            with DoorClient(tmp_path / "s", 30.0) as client:
                found = await asyncio.to_thread(Feed(client).poll)
        assert bool(found.pnl) is expected
        assert found.orders == (view.orders() if expected else {})
        assert found.schedules == (view.schedules() if expected else {})


class Client:
    def __init__(self, answer):
        self.answer = answer
        self.commands = []

    def command(self, name, argument):
        self.commands.append((name, argument))
        return self.answer


def test_halting_asks_once_and_only_y_halts():
    client = Client({"accepted": True})
    key = HaltKey(client)
    assert key.note() is None
    for pressed in "hn":
        key.press(pressed)
    assert client.commands == []
    assert key.note().plain == "trading goes on"
    key.press("h")
    assert "y halts" in key.note().plain
    key.press("y")
    assert client.commands == [("halt", "key of the watch view")]
    assert "told to halt" in key.note().plain


def test_y_without_the_question_does_nothing():
    client = Client({"accepted": True})
    key = HaltKey(client)
    for pressed in "yxhhy":  # the second h answers the question, and not with y
        key.press(pressed)
    assert client.commands == []


def test_the_question_stands_and_an_answer_fades(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(watch_halt.time, "monotonic", lambda: now[0])
    key = HaltKey(Client({"accepted": False, "reason": "nothing trades\x1b"}))
    key.press("h")
    now[0] += 60.0
    assert "y halts" in key.note().plain
    key.press("y")
    assert key.note().plain == "NOT HALTED: nothing trades?"
    now[0] += 6.0
    assert key.note() is None


def test_a_daemon_that_is_gone_is_told_as_not_halted(tmp_path):
    with DoorClient(tmp_path / "nobody", 1.0) as client:
        key = HaltKey(client)
        key.press("h")
        key.press("y")
        assert key.note().plain.startswith("NOT HALTED: no daemon")


async def test_the_key_reaches_the_daemon_from_a_real_terminal(tmp_path):
    from .test_watch_terminal import Terminal

    view = TradingView()
    async with serving(tmp_path / "s", view):
        terminal = Terminal(tmp_path / "s")
        try:
            await asyncio.to_thread(terminal.until, b"h halts")
            await asyncio.to_thread(terminal.press, b"h", b"y halts")
            await asyncio.to_thread(terminal.press, b"y", b"told to halt")
            os.write(terminal.ours, b"q")
            assert await asyncio.to_thread(terminal.end) == 0
        finally:
            terminal.close()
    assert view.commands == [("halt", "key of the watch view")]
