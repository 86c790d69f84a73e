"""`crossquote books` against a real door."""

import json

import pytest

from cli.books import audit, lines
from tests.api.fake_view import FakeView, serving

from .door_verbs import run_beside, run_verb


@pytest.fixture
def path(tmp_path):
    return tmp_path / "s"


async def test_a_line_for_each_book_and_no_levels_unless_asked(path, capsys):
    async with serving(path):
        assert await run_beside("books", "--socket", path) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 6
    assert out[1].split() == [
        "ETH-USDT.BINANCE", "live", "2652.67", "2652.69", "12ms", "3.2ms", "100%", "0",
        "bookTicker", "good",
    ]  # fmt: skip


async def test_levels_stand_below_the_table_best_first(path, capsys):
    view = FakeView()
    async with serving(path, view):
        words = ("--levels", "2", "--book", "btc-usdt.binance")
        assert await run_beside("books", "--socket", path, *words) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[3] == "BTC-USDT.BINANCE  (last clean audit 8.0s ago)"
    (bid, lower), (ask, higher) = (
        [row[0] for row in view.books(2)[4][s]] for s in ("bids", "asks")
    )
    assert [out[4].split()[at] for at in (1, 3)] == [bid, ask]
    assert [out[5].split()[at] for at in (1, 3)] == [lower, higher]
    assert len(out) == 6


async def test_json_holds_the_chosen_book_with_its_levels(path, capsys):
    view = FakeView()
    async with serving(path, view):
        words = ("--levels", "3", "--book", "ETH-USD.COINBASE", "--json")
        assert await run_beside("books", "--socket", path, *words) == 0
    assert json.loads(capsys.readouterr().out) == [view.books(3)[2]]


async def test_a_book_that_is_not_live_shows_why_and_no_price(path, capsys):
    view = FakeView()
    view.dead_books["BTC-USDT.BINANCE"] = "gap"
    async with serving(path, view):
        words = ("--levels", "3", "--book", "BTC-USDT.BINANCE")
        assert await run_beside("books", "--socket", path, *words) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[1].split()[:4] == ["BTC-USDT.BINANCE", "gap", "-", "-"]
    assert out[1].endswith("not live")
    assert out[2].strip() == "expected 3169064916, got 3169064921"
    assert len(out) == 3


async def test_an_unknown_book_is_wrong_usage_and_names_the_known_ones(path, capsys):
    async with serving(path):
        assert await run_beside("books", "--socket", path, "--book", "X") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "no book X; there are: ETH-USDT.BINANCE, BTC-USD.COINBASE" in said.err


@pytest.mark.parametrize("levels", ["-1", "201"])
def test_levels_out_of_range_are_wrong_usage(path, levels, capsys):
    assert run_verb("books", "--socket", path, f"--levels={levels}") == 2
    assert "--levels: " in capsys.readouterr().err


def test_without_a_daemon_the_exit_code_is_one(path, capsys):
    assert run_verb("books", "--socket", path) == 1
    assert "no daemon" in capsys.readouterr().err


def test_every_field_may_be_missing_or_odd():
    assert lines([]) == ["no books"]
    assert lines([{}])
    (whole,) = FakeView().books(2)[:1]
    for key in whole:
        for odd in (None, 3, "x", [], {}, [3], [[3]], {"x": 3}):
            assert all(line.isprintable() for line in lines([{**whole, key: odd}]))


@pytest.mark.parametrize(
    ("score", "said"), [(1.0, "100%"), (0.99999, "99.9%"), (0, "0.0%"), (None, "-"), ("x", "-")]
)
def test_a_score_below_one_never_reads_as_a_hundred_percent(score, said):
    assert audit({"audit_score": score}) == said
