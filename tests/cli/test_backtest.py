"""A backtest is a function of the recorded bytes and its options, and says what it found."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from cli.main import main
from sim.recording import write_recording

FEEDS = Path(__file__).resolve().parents[3] / "shared" / "feeds"
TOP = (
    *("digest", "orders", "fills", "pnl", "fees", "max_unhedged", "frames_per_second"),
    *("worlds", "currency", "frames"),
)
FREE = (
    *("--taker", "binance=0", "--taker", "coinbase=0"),
    *("--maker", "binance=0", "--maker", "coinbase=0"),
)


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> list[str]:
    """Return the options for half a recorded minute of two simulated venues."""
    folder = tmp_path_factory.mktemp("recorded")
    found = write_recording(folder, seconds=30, seed=3)
    words = []
    for one in found:
        venue = one.path.name.partition(".")[0].lower()
        words += ["--source", f"{venue}={one.path}"]
    return words


def run(capsys, *words: str) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of a backtest."""
    try:
        code = main(["backtest", *words])
    except SystemExit as error:
        code = error.code
    shown = capsys.readouterr()
    return code, shown.out, shown.err


@pytest.mark.parametrize("strategy", ["xemm", "arbitrage", "symmetric", "skew", "adaptive"])
def test_every_strategy_trades_and_explains_its_profit(capsys, sources, strategy):
    words = ("--strategy", strategy, "--currency", "USD", *FREE)
    if strategy not in ("xemm", "arbitrage"):
        words += ("--set", "half_bps=0.5")
    code, out, _ = run(capsys, *sources, *words, "--json")
    found = orjson.loads(out)
    assert code == 0
    assert set(TOP) <= set(found)
    assert list(found["pnl"]) == ["pessimistic", "proportional", "optimistic"]
    assert found["orders"] > 0
    assert found["fills"] > 0
    for world in found["worlds"].values():
        assert world["violations"] == 0
        parts = [float(world[name]) for name in ("spread", "slippage", "fees", "inventory")]
        explained = parts[0] - parts[1] - parts[2] + parts[3]
        assert explained == pytest.approx(float(world["pnl"]), abs=1e-6)


def test_two_processes_with_other_hash_seeds_agree(sources):
    digests = []
    for seed in ("1", "2"):
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "cli.main",
                "backtest",
                *sources,
                "--strategy",
                "xemm",
                "--json",
            ],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            check=True,
        )
        digests.append(orjson.loads(done.stdout)["digest"])
    assert digests[0] == digests[1]


def test_the_digest_covers_what_is_decided(capsys, sources):
    digests = set()
    for margin in ("0", "5"):
        words = ("--strategy", "xemm", "--set", f"margin_bps={margin}", "--json")
        digests.add(orjson.loads(run(capsys, *sources, *words)[1])["digest"])
    assert len(digests) == 2


def test_people_get_a_table_and_a_page_with_a_picture(capsys, sources, tmp_path):
    page = tmp_path / "report.html"
    code, out, _ = run(
        capsys, *sources, "--strategy", "skew", "--currency", "USD", *FREE, "--report", str(page)
    )
    assert code == 0
    assert "pessimistic" in out
    assert "docs/fills.md" in out
    text = page.read_text()
    assert "<svg" in text
    assert text.count("<polyline") == 3
    assert "http" not in text, "the page loads nothing"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--strategy", "magic"), "unknown strategy"),
        (("--strategy", "xemm", "--set", "instruments=BTC-USDT.BINANCE"), "xemm takes 2 to 10"),
        (("--strategy", "xemm", "--tier", "binance=x:0:0"), "expected VENUE=VOLUME:MAKER:TAKER"),
        (("--strategy", "xemm", "--tier", "nyse=1:0:0"), "expected a venue that has tiers"),
        (("--strategy", "xemm", "--volume", "binance=1"), "expected a venue that has tiers"),
        (
            ("--strategy", "xemm", "--tier", "binance=2:0:0", "--tier", "binance=1:0:0"),
            "growing volumes",
        ),
        (("--strategy", "xemm", "--hashes", "/nowhere/x"), "--hashes /nowhere/x: No such file"),
        (("--strategy", "xemm", "--set", "colour=red"), "unknown key 'colour'"),
        (("--strategy", "xemm", "--set", "size"), "expected KEY=VALUE"),
        (("--strategy", "xemm", "--set", "size=big"), "expected an amount"),
        (("--strategy", "xemm", "--set", "margin_bps=x"), "expected basis points"),
        (("--strategy", "glft", "--set", "gamma=x"), "expected a number"),
        (("--strategy", "glft", "--set", "layers=0"), "must be positive"),
        (("--strategy", "arbitrage", "--set", "sequenced=maybe"), "expected true or false"),
        (("--strategy", "xemm", "--latency-ms", "0"), "must be above zero"),
        (("--strategy", "xemm", "--latency-ms", "fast"), "expected milliseconds"),
        (("--strategy", "xemm", "--maker", "binance=x"), "expected VENUE=RATE"),
        (("--strategy", "xemm", "--balance", "binance=1"), "expected VENUE:ASSET=AMOUNT"),
        (("--strategy", "xemm", "--balance", "binance:BTC=x"), "not a plain decimal"),
    ],
)
def test_wrong_options_say_what_is_expected(capsys, sources, words, said):
    code, _, err = run(capsys, *sources, *words)
    assert code == 2
    assert said in err


def test_a_strategy_whose_instruments_never_appear_is_a_failed_check(capsys, sources):
    words = ("--strategy", "xemm", "--set", "instruments=X-Y.BINANCE,X-Y.COINBASE")
    code, _, err = run(capsys, *sources, *words)
    assert code == 1
    assert "never began" in err


def test_opening_balances_decide_what_can_be_sent(capsys, sources):
    words = ("--strategy", "symmetric", "--set", "half_bps=0.5", *FREE, "--json")
    code, out, _ = run(capsys, *sources, *words, "--balance", "binance:USDT=1000000")
    world = orjson.loads(out)["worlds"]["proportional"]
    assert code == 0
    assert world["risk"]["refused"]["CREDIT"] > 0, "there is nothing to sell at first"


@pytest.mark.slow
@pytest.mark.skipif(not FEEDS.is_dir(), reason="the recorded feeds are not here")
@pytest.mark.parametrize("strategy", ["xemm", "glft", "arbitrage"])
def test_the_recorded_pair_gives_the_same_digest_each_time(capsys, strategy):
    folder = "btcusdt_20240808.gz"
    words = (
        *("--source", f"binance={FEEDS / 'binance-spot-2024-08' / folder}"),
        *("--source", f"binance-usdm={FEEDS / 'binance-usdm-2024-08' / folder}"),
        *("--strategy", strategy, "--json"),
    )
    digests = {orjson.loads(run(capsys, *words)[1])["digest"] for _ in range(2)}
    assert len(digests) == 1


def test_a_large_volume_before_pays_less(capsys, sources):
    fees = []
    for volume in ("0", "5000000"):
        words = ("--strategy", "symmetric", "--set", "half_bps=0.5", "--currency", "USD", "--json")
        tiers = ("--tier", "binance=1000000:0.0001:0.0002", "--volume", f"binance={volume}")
        tiers += ("--tier", "coinbase=1000000:0.0001:0.0002", "--volume", f"coinbase={volume}")
        fees.append(orjson.loads(run(capsys, *sources, *words, *tiers)[1])["fees"])
    assert 0 < 5 * fees[1] < fees[0]
