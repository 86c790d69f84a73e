"""The section `trading`: what it means, and what is refused with its path."""

import pytest

from arb.desk import TradingConfig
from arb.live import LiveConfig
from arb.risk.limits import RiskLimits
from arb.strategy.spec import StrategySpec
from arb.world import PaperConfig
from cli.node_config import node_config
from cli.settings import SettingsError
from cli.settings.load import build
from cli.settings.yaml_file import read_text
from market.fees import FeeLadder, Fees, FeeTier


def read(text):
    """Return (settings, problems as text) of a file with this section."""
    try:
        found, _, wrong = build(read_text(f"version: 1\ntrading: {text}", "c"))
    except SettingsError as error:
        return None, [str(problem) for problem in error.problems]
    return found, [str(problem) for problem in wrong]


def trading(text):
    found, wrong = read(text)
    assert wrong == []
    return node_config(found).trading


def test_nothing_trades_without_strategies():
    assert trading("{}") is None
    assert trading("{currency: USD, latency_ms: [1]}") is None


def test_the_defaults_are_those_of_the_trading_core():
    found = trading("{strategies: [{name: xemm}]}")
    assert found == TradingConfig((StrategySpec("xemm"),), live=LiveConfig())
    assert found.limits == RiskLimits()
    assert found.paper == PaperConfig()


def test_on_paper_nothing_goes_over_the_wire():
    found, _, _ = build(
        read_text("version: 1\nmode: paper\ntrading: {strategies: [{name: xemm}]}", "c")
    )
    assert node_config(found).trading == TradingConfig((StrategySpec("xemm"),))


def test_orders_go_only_to_enabled_venues_that_have_a_gateway():
    text = (
        "version: 1\nvenues: {coinbase: {enabled: false}}\n"
        "trading: {reconcile_s: 7, strategies: [{name: glft}]}"
    )
    found, _, _ = build(read_text(text, "c"))
    assert node_config(found).trading.live == LiveConfig((("binance", "binance"),), 7 * 10**9)


def test_every_key_reaches_what_trades():
    found = trading(
        "{strategies: [{name: xemm, instruments: [BTCUSDT.BINANCE, BTC/USD.COINBASE],"
        ' keys: {size: "0.02"}}, {name: glft}],'
        ' currency: USD, balances: {binance: {USDT: "1000", BTC: 2}, coinbase: {USD: 5}},'
        " latency_ms: [0.5, 12], limits: {notional_max: 1, collar_bps: 2, orders_per_second: 3,"
        " open_orders_max: 4, position_max: 5, aggregate_max: 6, exposure_max: 7,"
        " volume_permille: 8, loss_max: 9, drawdown_max: 10, jump_bps: 11, jump_ms: 12,"
        " doubt_ms: 13, margin_permille: 14}}"
    )
    assert found.strategies == (
        StrategySpec("xemm", ("BTC-USDT.BINANCE", "BTC-USD.COINBASE"), (("size", "0.02"),)),
        StrategySpec("glft"),
    )
    assert found.currency == "USD"
    assert found.balances == (
        ("binance", "USDT", "1000"),
        ("binance", "BTC", "2"),
        ("coinbase", "USD", "5"),
    )
    assert found.paper == PaperConfig((500_000, 12_000_000), (500_000, 12_000_000))
    ms, bps = 1_000_000, 100_000
    assert found.limits == RiskLimits(
        1, 2 * bps, 3, 4, 5, 6, 7, 8, 9, 10, 11 * bps, 12 * ms, 13 * ms, 14
    )


ONE = "trading.strategies[0]"
TIER = "{volume: 9, maker: 0, taker: 0}"
BAD = {
    "{strategies: [{}]}": f"c:2: {ONE}.name: missing, expected text",
    "{strategies: [{name: x}]}": f"c:2: {ONE}: unknown strategy 'x', one of xemm, ",
    "{strategies: [{name: xemm, sizes: 1}]}": f"c:2: {ONE}.sizes: unknown key, expected one of"
    " name, strategy, instruments, keys",
    "{strategies: [{name: xemm, keys: {sise: 1}}]}": f"c:2: {ONE}: xemm: unknown key 'sise'",
    "{strategies: [{name: xemm, keys: {size: big}}]}": f"c:2: {ONE}: size=big: expected an amount"
    " such as 0.01: ",
    "{strategies: [{name: glft, instruments: [SOL-USDT.BINANCE]}]}": f"c:2: {ONE}.instruments[0]:"
    " got 'SOL-USDT.BINANCE', expected an instrument that an enabled venue watches",
    "{strategies: [{name: glft, instruments: [BTC-USDT]}]}": f"c:2: {ONE}.instruments[0]: got"
    " 'BTC-USDT', expected an instrument id: 'BTC-USDT' names no venue, as in BTC-USDT.BINANCE",
    "{strategies: [{name: glft}, {name: glft}]}": "c:2: trading.strategies[1].name: got 'glft'"
    f" again, it is {ONE} already; `strategy` says what it is",
    "{strategies: [{name: a b, strategy: glft}]}": f"c:2: {ONE}.name: got 'a b', expected up to 40",
    "{strategies: [{name: glft, strategy: magic}]}": f"c:2: {ONE}: unknown strategy 'magic', one",
    "{strategies: [{name: glft, instruments: [BTC-USDT.BINANCE, ETH-USDT.BINANCE]}]}": f"c:2: {ONE}"
    ".instruments: got 2, glft takes 1: the one that it trades",
    "{strategies: [{name: xemm, instruments: [BTC-USDT.BINANCE]}]}": f"c:2: {ONE}.instruments: got"
    " 1, xemm takes 2 to 10: where it quotes, then where it hedges",
    "{strategies: [{name: a, strategy: arbitrage, instruments: [BTC-USDT.BINANCE]}]}": f"c:2: {ONE}"
    ".instruments: got 1, arbitrage takes 2: its legs",
    "{strategies: [{name: xemm, instruments: [BTC-USDT.BINANCE, BTC-USDT.BINANCE]}]}": f"c:2: {ONE}"
    ".instruments: got one twice, expected different ones",
    "{strategies: [{name: triangular, instruments: [BTC-USDT.BINANCE, ETH-USDT.BINANCE]}]}": "c:2:"
    f" {ONE}.instruments: got 2, triangular takes 3: the books of the cycle",
    "{fees: {nyse: {tiers: []}}}": "c:2: trading.fees: unknown venue 'nyse', expected one",
    f"{{fees: {{binance: {{tiers: [{TIER}, {TIER}]}}}}}}": "c:2: trading.fees.binance.tiers"
    "[1].volume: got '9', expected more than the tier before",
    "{fees: {binance: {tiers: [{volume: 9, maker: 0}]}}}": "c:2: trading.fees.binance.tiers[0]."
    "taker: missing, expected",
    "{balances: {nyse: {USD: 1}}}": "c:2: trading.balances.nyse: unknown venue, expected one of ",
    "{balances: {binance: {USDT: -1}}}": "c:2: trading.balances.binance.USDT: got '-1', expected a"
    " decimal number from 0 to 1000000000000",
    "{latency_ms: []}": "c:2: trading.latency_ms: got nothing, expected at least one time",
    "{latency_ms: [0]}": "c:2: trading.latency_ms[0]: got '0', expected a decimal number of ms from"
    " 0.001 to 10000",
    "{limits: {loss_max: -1}}": "c:2: trading.limits.loss_max: got '-1', expected a whole number"
    " from 0 to 1000000000000",
    "{currency: ''}": "c:2: trading.currency: got '', expected an asset such as USDT",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:50])
def test_each_bad_value_is_refused_with_its_path(text):
    _, wrong = read(text)
    assert len(wrong) == 1
    assert wrong[0].startswith(BAD[text])


def test_several_of_one_kind_have_names_of_their_own():
    found = trading("{strategies: [{name: glft}, {name: calm, strategy: glft}]}")
    assert [(one.name, one.kind) for one in found.strategies] == [
        ("glft", "glft"),
        ("calm", "glft"),
    ]


def test_fee_tiers_stand_above_the_venues_own_rates():
    settings, wrong = read(
        "{fees: {binance: {volume: 250000.5, tiers: [{volume: 1000000, maker: -0.0001,"
        " taker: 0.0009}]}}}"
    )
    assert wrong == []
    fees = node_config(settings).fees
    assert fees.ladders == {
        "binance": FeeLadder((FeeTier(1_000_000, Fees(-100_000, 900_000)),), 250_000)
    }
