"""A backtest's result for people."""

from typing import Any

ROWS = (
    ("profit and loss", "pnl"),
    ("  spread earned", "spread"),
    ("  slippage paid", "slippage"),
    ("  fees paid", "fees"),
    ("  inventory", "inventory"),
    ("drawdown", "drawdown"),
    ("turnover", "turnover"),
    ("orders", "orders"),
    ("fills", "fills"),
    ("fill ratio", "fill_ratio"),
    ("Sharpe ratio", "sharpe"),
    ("most unhedged", "max_unhedged"),
)
NOTE = """The three worlds believe different fills: pessimistic only what trades reached us,
proportional and optimistic also what left the queue before us. Their band does not bound
the truth (docs/fills.md)."""


def human(found: dict[str, Any], strategy: str) -> str:
    """Return a table of the worlds, and what they are."""
    worlds = found["worlds"]
    lines = [
        f"{strategy}: {found['frames']} frames, {found['feed_seconds']:.0f} s of feed",
        f"{found['frames_per_second']} frames/s, digest {found['digest']}",
        "",
        f"{found['currency']:<18}" + "".join(f"{name:>16}" for name in worlds),
    ]
    for label, key in ROWS:
        cells = "".join(f"{cell(world[key]):>16}" for world in worlds.values())
        lines.append(f"{label:<18}{cells}")
    for name, world in worlds.items():
        risk = world["risk"]
        if risk["state"] != "ACTIVE":
            lines.append(f"{name}: risk state {risk['state']}: {risk['causes']}")
    return "\n".join([*lines, "", NOTE])


def cell(value: object) -> str:
    """Return a figure with at most six decimals."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    return (
        f"{float(str(value)):.6g}" if abs(float(str(value))) < 1e6 else f"{float(str(value)):.0f}"
    )
