"""The screen of `crossquote watch` at many sizes, on whole, partial and odd data."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console, Group

from cli.watch_feed import LEVELS, Seen, Waiting
from cli.watch_screen import screen
from tests.api.fake_view import FakeView
from tests.effort import examples

from .test_door_fields import ANYTHING


def seen(view=None):
    view = view or FakeView()
    return Seen(
        view.status(), view.books(LEVELS), view.edges(), view.connections(), 1_244.2, 2_808.0
    )


def shown(data, width, height, **options):
    """Return the lines that a terminal of that size would show."""
    console = Console(
        record=True, width=width, height=height, force_terminal=True, file=_Nowhere(), **options
    )
    console.print(Group(*screen(data, width, height, "crossquote.sock")), end="")
    return console.export_text(styles=bool(options)).rstrip("\n").split("\n")


class _Nowhere:
    def write(self, text):
        return len(text)

    def flush(self):
        pass


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (200, 50), (300, 90)])
def test_the_usual_terminals_show_all_that_matters(width, height):
    lines = shown(seen(), width, height)
    whole = "\n".join(lines)
    for said in (
        "crossquote sim up 1m02s",
        "1,244 inputs/s  2,808 events/s",
        "rec recording",
        "binance open clock +0.3ms",
        "coinbase open clock -0.1ms",
        "loop p99 0.8ms",
        "BTC-USDT.BINANCE",
        "BTC-USD.COINBASE",
        "USDT-USD.COINBASE  live good",
        "live good",
        "reference, horizon",
        "12ms",
        "lag 3.2ms",
        "100%",
        "depth",
        "61834.56  61834.58",
        "2649.40  2649.42",
        "gross   +12.4  net    +3.1 bps  rule observe only",
        "net   -22.7 bps  rule fees",
        "q leaves",
    ):
        assert said in whole, said
    assert "not shown" not in whole


def test_both_venues_books_stand_side_by_side():
    line = next(line for line in shown(seen(), 80, 24) if "61834.56" in line)
    assert "61903.54" in line


def test_a_tall_terminal_has_room_for_connections_and_opportunities():
    whole = "\n".join(shown(seen(), 120, 40))
    assert "binance.stream#1" in whole
    assert "errors heartbeat_gap 1" in whole
    assert "requests only" in whole
    assert "fees 31x 4.2s best -0.0   observe only 16x 2.1s best +9.9" in whole


def test_more_height_shows_more_levels_up_to_what_was_asked_for():
    def levels(height):
        return sum("61834." in line for line in shown(seen(), 80, height))

    assert [levels(24), levels(30), levels(200)] == [5, 8, LEVELS]


def test_a_book_that_is_not_live_shows_why_and_no_price():
    view = FakeView()
    view.dead_books["BTC-USDT.BINANCE"] = "gap"
    whole = "\n".join(shown(seen(view), 80, 24))
    assert "not live: gap" in whole
    assert "expected 3169064916, got 3169064921" in whole
    assert "61834." not in whole


def test_a_size_that_does_not_fit_is_marked_as_cut():
    data = seen()
    for row in data.books:
        row["bids"] = [[price, "1234567890123456"] for price, _ in row["bids"]]
    whole = "\n".join(shown(data, 80, 24))
    assert "12345678… 61834.56" in whole
    assert "1234567 " not in whole


def test_states_are_told_apart_without_colour():
    view = FakeView()
    view.dead_books["BTC-USDT.BINANCE"] = "gap"
    assert shown(seen(view), 80, 24, no_color=True) != shown(seen(), 80, 24, no_color=True)


@pytest.mark.parametrize(("side", "colour"), [("bids", "32"), ("asks", "31")])
def test_bids_are_green_and_asks_are_red(side, colour):
    data = seen()
    price = next(row for row in data.books if row["instrument"] == "BTC-USDT.BINANCE")[side][0][0]
    whole = "\n".join(shown(data, 80, 24, color_system="standard"))
    assert f"\x1b[{colour}m{price}" in whole


def test_what_does_not_fit_is_counted():
    whole = "\n".join(shown(seen(), 80, 14))
    assert "2 more not shown: enlarge the terminal" in whole
    assert "BTC-USDT.BINANCE" in whole
    assert "ETH-USDT.BINANCE" not in whole


def test_more_than_two_venues_of_a_currency_are_all_shown():
    data = seen()
    data.books.append({**data.books[4], "instrument": "BTC-USD.COINBASE-EXCHANGE"})
    for width in (80, 200):
        whole = "\n".join(shown(data, width, 60))
        for name in ("BTC-USDT.BINANCE", "BTC-USD.COINBASE ", "BTC-USD.COINBASE-EXCHANGE"):
            assert name in whole


def test_waiting_says_for_what_and_for_how_long_and_shows_no_price():
    lines = shown(Waiting("no daemon at x; start one with: crossquote run", 12.3), 80, 24)
    assert "waiting for the daemon, 12s by now" in lines[2]
    assert "crossquote run" in lines[3]
    assert len(lines) == 24


def test_a_daemon_that_knows_nothing_yet_is_shown():
    whole = "\n".join(shown(Seen({}), 80, 24))
    assert "no books yet" in whole


@given(width=st.integers(1, 320), height=st.integers(1, 100), dead=st.booleans())
@settings(max_examples=examples(0.3))
def test_every_size_is_filled_exactly(width, height, dead):
    view = FakeView()
    if dead:
        view.dead_books = {"BTC-USDT.BINANCE": "gap", "USDT-USD.COINBASE": "disconnected"}
    lines = screen(seen(view), width, height, "crossquote.sock")
    assert [line.cell_len for line in lines] == [width] * height


@given(data=st.data())
@settings(max_examples=examples(0.6))
def test_fields_may_be_missing_or_odd_anywhere(data):
    whole = seen()
    parts = [whole.status, *whole.books, *whole.edges.values(), *whole.connections]
    parts += [row["now"] for row in whole.edges.values()]
    parts += [whole.status["recording"], whole.status["venues"], whole.status["loop_lag_ms"]]
    for part in data.draw(st.lists(st.sampled_from(parts), min_size=1, max_size=6)):
        key = data.draw(st.sampled_from(sorted(part)))
        if data.draw(st.booleans()):
            part[key] = data.draw(ANYTHING)
        else:
            part.pop(key, None)
            part["more"] = 1
    for width, height in ((80, 24), (130, 50)):
        lines = screen(whole, width, height, "crossquote.sock")
        assert [line.cell_len for line in lines] == [width] * height
        assert all(line.plain.isprintable() for line in lines)
