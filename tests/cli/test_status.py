"""`crossquote status` against a real door."""

import json

import pytest

from cli.status import lines
from tests.api.fake_view import FakeView, serving

from .door_verbs import run_beside, run_verb


async def test_json_is_what_the_daemon_says(tmp_path, capsys):
    async with serving(tmp_path / "s") as view:
        assert await run_beside("status", "--socket", tmp_path / "s", "--json") == 0
    view.turn -= 1
    assert json.loads(capsys.readouterr().out) == view.status()


async def test_lines_name_the_process_its_recording_and_its_venues(tmp_path, capsys):
    async with serving(tmp_path / "s"):
        assert await run_beside("status", "--socket", tmp_path / "s") == 0
    out = capsys.readouterr().out
    for said in (
        "crossquote 0.1.0, mode sim, pid 4711, up 1m02s, 88.4 MiB",
        "digest 7cd922b61296d3d8",
        "p99 0.8ms",
        "recording, 12.1 MiB in 3 segments, 0 errors, recordings/20261121T130000Z",
        "binance         open, clock +0.3ms",
        "errors heartbeat_gap 1",
        "BTC-USDT        bid 61834.56 x 0.33076 BTC-USDT.BINANCE, ask 61834.58",
        "ETH-USD         no usable quote",
    ):
        assert said in out


def test_every_field_may_be_missing():
    whole = FakeView().status()
    assert lines({})
    for key in whole:
        assert lines({name: value for name, value in whole.items() if name != key})
        for odd in (None, 3, "x", [], {}, [3], {"x": 3}):
            assert all(line.isprintable() for line in lines({**whole, key: odd}))


def test_without_a_daemon_it_says_how_to_start_one(tmp_path, capsys):
    assert run_verb("status", "--socket", tmp_path / "s") == 1
    assert "start one with: crossquote run" in capsys.readouterr().err


def test_a_path_that_is_too_long_is_wrong_usage(capsys):
    assert run_verb("status", "--socket", "x" * 108) == 2
    assert "--socket: " in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["status", "books", "watch", "stop"])
def test_help_gives_examples(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        run_verb(verb, "--help")
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert f"examples:\n  crossquote {verb}" in out
    assert "crossquote.sock" in out
