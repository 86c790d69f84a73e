"""`crossquote backtest`: trade recorded feeds on paper, in three worlds of fills.

Decisions and fills are a function of the recorded bytes and the options alone: the digest says so.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import orjson

from arb.desk import TradingConfig
from arb.risk.limits import RiskLimits
from arb.strategy.spec import STRATEGIES, SpecError, StrategySpec, check
from arb.world import PaperConfig
from cli.backtest_html import page
from cli.backtest_result import result
from cli.backtest_text import human
from cli.book_hashes import After, HashesError, add_hashes_argument, hashes
from cli.performance import Performance
from cli.replay import UsageError, catalog_of, fees_of, reading, sources_of
from cli.settings.trading_rules import whole_units
from connectors.registry import VENUE_NAMES
from market.fees import FeeLadder, Fees, FeeSchedule, FeeTier, rate_ppb
from market.inputs import InputKind
from node import Node, NodeConfig
from replay.source import Recorded, merged

_EXAMPLES = """examples:
  crossquote backtest --source binance=spot.gz --source binance-usdm=perp.gz --strategy xemm
  crossquote backtest --source binance=btcusdt.gz --strategy glft --set size=0.05 --json
  crossquote backtest --source binance=a.gz --source coinbase=b.zst --strategy arbitrage \\
      --set margin_bps=2 --taker coinbase=0.0005 --report result.html

Rates are fractions (0.0005 is 5 basis points), latencies milliseconds, profit is in --currency.
exit codes: 0 fine, 1 a recording was damaged or nothing could trade, 2 wrong usage
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "--source",
        action="append",
        required=True,
        metavar="VENUE=PATH[,PATH…]",
        help=f"recorded files of one venue ({', '.join(VENUE_NAMES)}); may be repeated",
    )
    parser.add_argument(
        "--strategy", required=True, metavar="NAME", help=f"one of {', '.join(STRATEGIES)}"
    )
    parser.add_argument(
        "--set",
        dest="keys",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a key of the strategy; `instruments=ID,ID` names maker and hedge venues",
    )
    parser.add_argument("--instruments", type=Path, metavar="FILE", help="rules, as for replay")
    parser.add_argument(
        "--shift",
        action="append",
        default=[],
        metavar="VENUE=SECONDS",
        help="move the clock of one source",
    )
    for side in ("taker", "maker"):
        parser.add_argument(
            f"--{side}",
            action="append",
            default=[],
            metavar="VENUE=RATE",
            help=f"{side} fee of a venue, 0.0005 is 5 bps (default: its lowest tier)",
        )
    parser.add_argument(
        "--tier",
        action="append",
        default=[],
        metavar="VENUE=VOLUME:MAKER:TAKER",
        help="fees from a volume of 30 days on, in --currency; again for higher tiers",
    )
    parser.add_argument(
        "--volume",
        action="append",
        default=[],
        metavar="VENUE=AMOUNT",
        help="what was traded in the 30 days before, for --tier (default: nothing)",
    )
    parser.add_argument(
        "--balance",
        action="append",
        default=[],
        metavar="VENUE:ASSET=AMOUNT",
        help="an opening balance; without any, every asset is plenty",
    )
    parser.add_argument("--currency", default="USDT", help="what results are stated in")
    parser.add_argument(
        "--latency-ms",
        default="5",
        metavar="MS[,MS…]",
        help="one way of an order and of its answer; several are drawn from in a fixed order",
    )
    add_hashes_argument(parser)
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write a page with plots")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _trading(args: argparse.Namespace) -> TradingConfig:
    keys = []
    instruments: tuple[str, ...] = ()
    for text in args.keys:
        key, found, value = text.partition("=")
        if not found:
            raise UsageError(f"--set {text}: expected KEY=VALUE")
        if key == "instruments":
            instruments = tuple(value.split(","))
        else:
            keys.append((key, value))
    spec = StrategySpec(args.strategy, instruments, tuple(keys))
    try:
        check(spec)
        samples = tuple(round(float(one) * 1e6) for one in args.latency_ms.split(","))
        paper = PaperConfig(samples, samples)
        if min(samples) < 1:
            raise UsageError(f"--latency-ms {args.latency_ms}: must be above zero")
    except SpecError as error:
        raise UsageError(f"--strategy {args.strategy}: {error}") from None
    except ValueError:
        raise UsageError(f"--latency-ms {args.latency_ms}: expected milliseconds") from None
    # A backtest shows what a strategy does: breakers that end it early are for live trading.
    # What they lift only an explicit act lowers, and nobody is there to act.
    limits = replace(
        RiskLimits(),
        loss_max=0,
        drawdown_max=0,
        position_max=0,
        exposure_max=0,
        jump_ppb=0,
        doubt_ns=0,
    )
    return TradingConfig((spec,), args.currency, limits, paper, tuple(map(_balance, args.balance)))


def _balance(text: str) -> tuple[str, str, str]:
    name, found, amount = text.partition("=")
    venue, colon, asset = name.partition(":")
    if not found or not colon or venue not in VENUE_NAMES:
        raise UsageError(f"--balance {text}: expected VENUE:ASSET=AMOUNT")
    return venue, asset, amount


def _fees(args: argparse.Namespace) -> FeeSchedule:
    fees = fees_of(args.taker)
    for text in args.maker:
        name, _, rate = text.partition("=")
        try:
            fees = fees.with_venue(name, replace(fees.venues[name], maker_ppb=rate_ppb(rate)))
        except (KeyError, ValueError) as error:
            raise UsageError(f"--maker {text}: expected VENUE=RATE: {error}") from None
    return _tiered(fees, args.tier, args.volume)


def _tiered(fees: FeeSchedule, tiers: list[str], volumes: list[str]) -> FeeSchedule:
    """Return the fees with the tiers of the options; raises UsageError."""
    listed: dict[str, list[FeeTier]] = {}
    for text in tiers:
        venue, _, rest = text.partition("=")
        volume, _, rates = rest.partition(":")
        maker, _, taker = rates.partition(":")
        try:
            tier = FeeTier(whole_units(volume), Fees(rate_ppb(maker), rate_ppb(taker)))
        except ValueError as error:
            message = f"--tier {text}: expected VENUE=VOLUME:MAKER:TAKER: {error}"
            raise UsageError(message) from None
        listed.setdefault(venue, []).append(tier)
    before = dict(one.partition("=")[::2] for one in volumes)
    for venue in (*listed, *before):
        if venue not in fees.venues or venue not in listed:
            raise UsageError(f"--tier, --volume: {venue!r}: expected a venue that has tiers")
    for venue, found in listed.items():
        try:
            ladder = FeeLadder(tuple(found), whole_units(before.get(venue, "0")))
        except ValueError as error:
            raise UsageError(f"--tier, --volume: {venue}: {error}") from None
        fees = fees.with_ladder(venue, ladder)
    return fees


def run(args: argparse.Namespace) -> int:
    """Run; returns 0, 1 when a recording was damaged or nothing could trade, 2 for wrong usage."""
    try:
        trading = _trading(args)
        sources = sources_of(args.source, args.shift)
        config = NodeConfig(discover=True, fees=_fees(args), trading=trading)
        node = Node(config, catalog_of(args.instruments))
    except (UsageError, ValueError) as error:
        print(f"crossquote backtest: {error}", file=sys.stderr)
        return 2
    assert node.desk is not None
    performances = {name: Performance(world.trader) for name, world in node.desk.worlds.items()}
    started = time.perf_counter()
    try:
        with hashes(args.hashes) as after, reading(sources, lambda: node.inputs):
            frames, feed_ns = _fed(node, sources, list(performances.values()), after)
    except HashesError as error:
        print(f"crossquote backtest: {error}", file=sys.stderr)
        return 2
    node.finish()
    found = result(node, performances, frames, feed_ns, time.perf_counter() - started)
    found["problems"] = [
        f"{one.venue}: {file.path.name}: {line}"
        for one in sources
        for file in one.files
        for line in file.problems.lines()
    ]
    if args.json:
        sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        print(human(found, args.strategy))
    for line in found["problems"]:
        print(f"crossquote backtest: {line}", file=sys.stderr)
    if found["waiting"]:
        print(
            f"crossquote backtest: {args.strategy} never began: its instruments did not appear"
            " together in the sources",
            file=sys.stderr,
        )
    if args.report is not None:
        series = {name: one.samples for name, one in performances.items()}
        try:
            args.report.write_text(page(found, args.strategy, series), encoding="utf-8")
        except OSError as error:
            print(f"crossquote backtest: {args.report}: {error.strerror}", file=sys.stderr)
            return 1
    return 1 if found["problems"] or found["waiting"] else 0


def _fed(
    node: Node, sources: list[Recorded], performances: list[Performance], after: After | None
) -> tuple[int, int]:
    """Feed everything to the node; returns the frames and the ns from first to last input."""
    samplers = [performance.after for performance in performances]
    first = last = frames = 0
    due = 0
    handle = node.handle
    for item in merged(sources):
        last = item.ts_recv
        first = first or last
        handle(*item)
        frames += item.kind == InputKind.FRAME
        if last >= due:
            due = last + 1_000_000_000
            for sample in samplers:
                sample(node.now)
        if after is not None:
            after(node)
    return frames, last - first
