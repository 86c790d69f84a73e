"""Plays an npz file in hftbacktest and prints its book at the times asked for, as JSON.

A process of its own: the library's dependencies warn, and compile. Standard input is a list of
objects with `file`, `tick`, `lot`, `low` and `high` (the price range of the vector book), `levels`
and `times` in ns since the epoch.
"""

import json
import sys

from hftbacktest import (
    BacktestAsset,
    HashMapMarketDepthBacktest,
    ROIVectorMarketDepthBacktest,
)


def asset_of(job: dict) -> BacktestAsset:
    return (
        BacktestAsset()
        .data([job["file"]])
        .linear_asset(1.0)
        .constant_order_latency(1, 1)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(job["tick"])
        .lot_size(job["lot"])
        .roi_lb(job["low"])
        .roi_ub(job["high"])
    )


def books(backtest, job: dict) -> list:
    """Return best bid and ask in ticks and the sizes from there on, at each time."""
    told = []
    backtest.elapse(1)
    for at in job["times"]:
        backtest.elapse(at - backtest.current_timestamp)
        depth = backtest.depth(0)
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
        told.append(
            [
                int(bid),
                int(ask),
                [depth.bid_qty_at_tick(bid - k) for k in range(job["levels"])],
                [depth.ask_qty_at_tick(ask + k) for k in range(job["levels"])],
            ]
        )
    backtest.close()
    return told


def main() -> None:
    kinds = (HashMapMarketDepthBacktest, ROIVectorMarketDepthBacktest)
    json.dump(
        [books(kind([asset_of(job)]), job) for job in json.load(sys.stdin) for kind in kinds],
        sys.stdout,
    )


if __name__ == "__main__":
    main()
