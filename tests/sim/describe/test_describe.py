"""What the description says of a market, and the verb that prints it."""

import argparse
import json

import pytest

from cli import sim_describe
from sim.describe.comparison import compare, kind_of, table
from sim.describe.feeds import RECORDINGS, observe_feeds
from sim.describe.generated import observe_generated
from sim.describe.observer import NAMES, Seen
from sim.describe.statistic import autocorrelation, mean, quantile
from sim.market.scenario import CALM
from tests.sim.captures import FEEDS

SECOND = 10**9


def test_quantiles_and_means_of_nothing_are_unknown():
    assert quantile([], 0.5) is None
    assert mean([]) is None
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([1.0], 1.0) == 1.0
    assert mean([1.0, 2.0]) == 1.5


def test_what_alternates_is_correlated_with_itself_two_steps_on():
    values = [1.0, -1.0] * 50
    assert autocorrelation(values, 1, 10) == pytest.approx(-0.99)
    assert autocorrelation(values, 2, 10) == pytest.approx(0.98)
    assert autocorrelation(values, 2, 99) is None
    assert autocorrelation([1.0] * 100, 1, 10) is None


def test_a_level_life_counts_only_where_it_could_be_watched_for_ten_seconds():
    """Born late: left out. Older than ten seconds, ended or not: ten."""
    seen = Seen(first_ns=0, last_ns=30 * SECOND, spreads=[1.0])
    seen.lives = [(0, 2 * SECOND), (5 * SECOND, 15 * SECOND), (25 * SECOND, SECOND)]
    seen.born = {(False, "1"): 4 * SECOND, (True, "2"): 29 * SECOND}
    assert seen.summary()["level_life_s_p25"] == 2.0
    assert seen.summary()["level_life_s_p50"] == 10.0
    seen.lives = seen.lives[2:]
    assert seen.summary()["level_life_s_p25"] == 10.0


def test_a_value_is_inside_outside_or_not_comparable():
    def seen(spread, trades):
        return Seen(last_ns=10 * SECOND, spreads=[spread] * 9, signs=[1.0] * trades)

    real = {"BTC-USD.X": seen(1.0, 50), "ETH-USD.X": seen(3.0, 0), "XRP-USD.X": seen(9.0, 0)}
    generated = {"BTC-USDT.Y": seen(2.0, 60), "USDT-USD.Y": seen(2.0, 1)}
    findings = {(f.instrument, f.statistic): f for f in compare(generated, real)}
    assert len(findings) == 2 * len(NAMES)
    assert findings["BTC-USDT.Y", "spread_bps_p50"].inside is True
    assert findings["BTC-USDT.Y", "trades_per_s"].inside is False
    assert findings["BTC-USDT.Y", "abs_return_acf_1"].inside is None
    assert findings["USDT-USD.Y", "spread_bps_p50"].inside is None
    lines = table(generated, real, list(findings.values()))
    assert lines[-1] == "3 of 4 lie in the range of the recordings"
    assert any("OUTSIDE" in line for line in lines)


def test_instruments_are_compared_with_their_kind():
    names = ("BTC-USD.X", "ETH-BUSD.Y 2021", "USDT-USD.X", "XRP-USD.X")
    assert [kind_of(name) for name in names] == ["major", "major", "stable", "minor"]


@pytest.fixture(scope="module")
def generated():
    return observe_generated(CALM, seed=2, seconds=30)


def test_every_generated_instrument_is_seen_on_the_wire(generated):
    assert set(generated) == {
        "BTC-USDT.BINANCE",
        "ETH-USDT.BINANCE",
        "BTC-USD.COINBASE",
        "ETH-USD.COINBASE",
        "USDT-USD.COINBASE",
    }
    seen = generated["BTC-USDT.BINANCE"]
    assert len(seen.spreads) > 250
    depth = seen.depth()
    assert depth[1] < depth[5] < depth[10] < depth[25]
    summary = seen.summary()
    assert summary["level_changes_per_s"] == pytest.approx(seen.changes / 30, rel=0.02)
    assert summary["trade_sign_acf_1"] > 0.2


def test_most_of_the_major_instruments_look_like_the_recordings(generated):
    if not FEEDS.is_dir():
        pytest.skip("needs ../shared/feeds beside the checkout")
    real, missing = observe_feeds(FEEDS)
    assert missing == []
    found = [f for f in compare(generated, real) if f.inside is not None]
    major = [f for f in found if kind_of(f.instrument) == "major"]
    assert sum(f.inside for f in major) > len(major) * 3 // 4


def test_recordings_that_are_not_there_are_named(tmp_path):
    assert observe_feeds(tmp_path) == ({}, [name for _, _, names in RECORDINGS for name in names])


def asked(tmp_path, **changes):
    given = {"scenario": None, "seed": None, "seconds": 2, "feeds": tmp_path, "json": True}
    parser = argparse.ArgumentParser()
    sim_describe.configure(parser)
    assert parser.parse_args([]).feeds == sim_describe.FEEDS
    return argparse.Namespace(**{**given, **changes})


def test_the_verb_prints_json_and_says_what_it_could_not_compare_with(tmp_path, capsys):
    assert sim_describe.run(asked(tmp_path, scenario="thin", seed=4)) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["scenario"], told["seed"], told["seconds"]) == ("thin", 4, 2)
    assert "BTC-USDT.BINANCE" in told["generated"]
    assert told["compared"] == 0
    assert len(told["notes"]) == sum(len(files) for _, _, files in RECORDINGS)


def test_the_verb_prints_lines_for_people(tmp_path, capsys):
    assert sim_describe.run(asked(tmp_path / "none", json=False)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "scenario calm, seed 1, 2 s of market time"
    assert lines[-1].endswith("no such folder, so nothing to compare with")


@pytest.mark.parametrize("wrong", [{"scenario": "sunny"}, {"seconds": 0}, {"seconds": 3601}])
def test_the_verb_refuses_what_it_cannot_do(tmp_path, capsys, wrong):
    assert sim_describe.run(asked(tmp_path, **wrong)) == 2
    assert next(iter(wrong)) in capsys.readouterr().err
