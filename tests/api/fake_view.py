"""A daemon's view without a daemon: realistic data that moves a little with every question."""

from contextlib import asynccontextmanager
from decimal import Decimal

from api.door import Door

BOOKS = (
    ("ETH-USDT.BINANCE", "2652.67", "0.01", "19.566", "0.0001"),
    ("BTC-USD.COINBASE", "61903.54", "0.01", "0.22379281", "0.00000001"),
    ("ETH-USD.COINBASE", "2649.4", "0.01", "1.12423663", "0.00000001"),
    ("USDT-USD.COINBASE", "0.99926", "0.00001", "84197.97", "0.01"),
    ("BTC-USDT.BINANCE", "61834.56", "0.01", "0.33076", "0.00001"),
)
EDGES = (
    ("ETH-USDT.BINANCE", "ETH-USD.COINBASE"),
    ("BTC-USDT.BINANCE", "BTC-USD.COINBASE"),
)


def plain(number):
    return f"{number:f}"


def ladder(best, step, size, levels, direction, turn):
    """Return levels away from the best price, with sizes that differ from level to level."""
    price, step, size = Decimal(best), Decimal(step), Decimal(size)
    rows = []
    for level in range(levels):
        held = size * (1 + (level * 7 + turn) % 11) / 4
        rows.append([plain(price), plain(held.quantize(size))])
        price += direction * step * (1 + level % 3)
    return rows


class FakeView:
    """Answers as a daemon does; tests change its fields."""

    def __init__(self):
        self.turn = 0
        self.stopped = 0
        self.commands = []
        self.dead_books = {}
        self.extra = {}

    def status(self):
        self.turn += 1
        return {
            "version": "0.1.0",
            "pid": 4711,
            "mode": "sim",
            "started_ns": 1_770_000_000_000_000_000,
            "uptime_seconds": 62.0 + self.turn / 4,
            "inputs": 6_325 + 311 * self.turn,
            "events": 13_884 + 702 * self.turn,
            "digest": "7cd922b61296d3d8",
            "recording": {
                "state": "recording",
                "dir": "recordings/20261121T130000Z",
                "bytes": 12_582_912 + 60_000 * self.turn,
                "segments": 3,
                "errors": 0,
            },
            "loop_lag_ms": {"p50": 0.08, "p99": 0.84, "max": 3.1},
            "rss_mb": 88.4,
            "queues": {"inputs": 0, "recorder": 2},
            "l2": {"state": "open", "path": "/dev/shm/crossquote", "slots": 64},
            "venues": {
                "binance": {
                    "state": "open",
                    "offset_ns": 312_000,
                    "rest": {"weight": 250, "weight_max": 6000, "snapshots": 4},
                    "errors": {},
                },
                "coinbase": {
                    "state": "open",
                    "offset_ns": -87_000,
                    "rest": {"snapshots": 2},
                    "errors": {"heartbeat_gap": 1},
                },
            },
            "consolidated": [
                {
                    "pair": "BTC-USDT",
                    "bid": {"instrument": BOOKS[4][0], "price": "61834.56", "size": "0.33076"},
                    "ask": {"instrument": BOOKS[4][0], "price": "61834.58", "size": "0.5328"},
                    "usable": 1,
                    "venues": 1,
                    "crossed": False,
                },
                {"pair": "ETH-USD", "bid": None, "ask": None, "usable": 0, "venues": 1},
            ],
            **self.extra,
        }

    def books(self, levels):
        return [self._book(at, levels) for at in range(len(BOOKS))]

    def _book(self, at, levels):
        name, best, step, size, lot = BOOKS[at]
        dead = self.dead_books.get(name)
        ask = plain(Decimal(best) + 2 * Decimal(step))
        live = dead is None
        return {
            "instrument": name,
            "state": "live" if live else dead,
            "detail": "" if live else "expected 3169064916, got 3169064921",
            "applied": 197 + self.turn,
            "gaps": 0 if live else 1,
            "reference_checks": 197,
            "reference_mismatches": 0,
            "bid": [best, size] if live else None,
            "ask": [ask, size] if live else None,
            "bid_levels": 402 if live else 0,
            "ask_levels": 414 if live else 0,
            "condemned": 0 if live else 1,
            "tick": step,
            "lot": lot,
            "grade": ([] if at != 2 else ["reference", "horizon"]) if live else ["not live"],
            "silence_ms": 12 + at * 40,
            "lag_ms": 3.2 + at,
            "touch_source": "bookTicker" if at in (0, 4) else "depth",
            "bids": ladder(best, step, size, levels, -1, self.turn) if live else [],
            "asks": ladder(ask, step, size, levels, 1, self.turn + 3) if live else [],
            "audit_score": 1.0 if at != 3 else None,
            "last_clean_audit_seconds": 8.0 if at != 3 else None,
        }

    def edges(self):
        rows = {}
        for first, second in EDGES:
            for sell, buy, gross, net, rule in (
                (first, second, 12.4, 3.1, "observe only"),
                (second, first, -13.2, -22.7, "fees"),
            ):
                rows[f"{sell}>{buy}"] = {
                    "name": f"{sell}>{buy}",
                    "kind": "arbitrage",
                    "sell": sell,
                    "buy": buy,
                    "conversion": "USDT-USD.COINBASE",
                    "quote": "USD",
                    "gross_share_quotes": 0.3181,
                    "gross_share_depth": 0.3274,
                    "rules": {
                        "fees": {
                            "opportunities": 31,
                            "seconds": 4.205905,
                            "best_net_bps": -0.0009,
                            "best_profit": "0",
                            "outcomes": {},
                        },
                        "observe only": {
                            "opportunities": 16,
                            "seconds": 2.12043,
                            "best_net_bps": 9.8983,
                            "best_profit": "5.836146954317637",
                            "outcomes": {},
                        },
                    },
                    "now": {"gross_bps": gross, "net_bps": net, "rule": rule},
                }
        return rows

    def connections(self):
        return [
            {
                "connection": name,
                "venue": name.partition(".")[0],
                "state": state,
                "epoch": epoch,
                "frames": frames + epoch * self.turn * 100,
                "replies": replies,
                "quotes": 0,
                "trades": 0,
                "gaps": 0,
                "stale": 0,
                "errors": errors,
                "last_sequence": None,
                "books": books,
            }
            for name, state, epoch, frames, replies, errors, books in (
                ("binance.stream#1", "open", 1, 4829, 0, {}, 2),
                ("binance.rest", "never opened", 0, 0, 4, {}, 0),
                ("coinbase.stream#2", "open", 2, 1488, 0, {"heartbeat_gap": 1}, 3),
            )
        ]

    def orders(self):
        return {}

    def positions(self):
        return {}

    def risk(self):
        return {}

    def pnl(self):
        return {}

    def schedules(self):
        return {}

    def command(self, name, argument):
        self.commands.append((name, argument))
        if name != "resync":
            return {"accepted": False, "reason": f"unknown command {name}"}
        return {"accepted": True, "reason": ""}

    def refusal(self, name, argument):
        return ""

    def stop(self):
        self.stopped += 1


@asynccontextmanager
async def serving(path, view=None):
    """Open a door at a path for a while; gives its view."""
    view = view or FakeView()
    door = Door(view, path)
    await door.start()
    try:
        yield view
    finally:
        await door.stop()
