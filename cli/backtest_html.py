"""A backtest's result as a page with plots: one file, no scripts, nothing loaded from elsewhere."""

from html import escape
from typing import Any

from cli.backtest_text import NOTE, ROWS, cell
from market.amount import AMOUNT_DECIMALS

_ONE = 10**AMOUNT_DECIMALS
_WIDTH, _HEIGHT, _PAD = 880, 300, 46
_COLOURS = ("#b3423a", "#2f6f9f", "#4c8a3d")
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:920px;margin:2em auto;padding:0 1em}
table{border-collapse:collapse}
td,th{padding:.2em .9em;text-align:right;border-bottom:1px solid #ddd}
th:first-child,td:first-child{text-align:left}svg{width:100%;height:auto}.note{color:#555}"""


def page(found: dict[str, Any], strategy: str, series: dict[str, list[tuple[int, int]]]) -> str:
    """Return the page."""
    worlds = found["worlds"]
    head = "".join(f"<th>{escape(name)}</th>" for name in worlds)
    rows = "".join(
        f"<tr><td>{escape(label)}</td>"
        + "".join(f"<td>{cell(world[key])}</td>" for world in worlds.values())
        + "</tr>"
        for label, key in ROWS
    )
    marks = "".join(
        f"<tr><td>{escape(name.replace('_', ' after '))}</td>"
        + "".join(f"<td>{cell(world['markouts'][name]['bps'])}</td>" for world in worlds.values())
        + "</tr>"
        for name in next(iter(worlds.values()))["markouts"]
    )
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Backtest: {escape(strategy)}</title>
<style>{_STYLE}</style></head><body><h1>Backtest: {escape(strategy)}</h1>
<p>{found["frames"]} frames, {found["feed_seconds"]:.0f} s of feed, digest
<code>{escape(found["digest"])}</code></p>
<h2>Profit and loss, {escape(found["currency"])}</h2>{_plot(series)}
<table><tr><th></th>{head}</tr>{rows}</table>
<h2>Markouts, basis points of the value traded</h2>
<table><tr><th></th>{head}</tr>{marks}</table>
<p class="note">{escape(NOTE)}</p></body></html>
"""


def _plot(series: dict[str, list[tuple[int, int]]]) -> str:
    """Return the worlds' profit over time as one picture with axes."""
    points: list[tuple[int, float]] = [
        (at, value / _ONE) for one in series.values() for at, value in one
    ]
    if len(points) < 2:
        return "<p>Too short for a picture.</p>"
    start, end = min(at for at, _ in points), max(at for at, _ in points)
    low, high = min(0.0, *(v for _, v in points)), max(0.0, *(v for _, v in points))
    span, rise = max(end - start, 1), (high - low) or 1.0

    def x(at: int) -> float:
        return _PAD + (at - start) / span * (_WIDTH - 2 * _PAD)

    def y(value: float) -> float:
        return _HEIGHT - _PAD - (value - low) / rise * (_HEIGHT - 2 * _PAD)

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="profit over time">']
    parts += [
        f'<line x1="{_PAD}" x2="{_WIDTH - _PAD}" y1="{y(value):.1f}" y2="{y(value):.1f}"'
        f' stroke="#ccc"/><text x="4" y="{y(value) + 4:.1f}" font-size="12">{value:.4g}</text>'
        for value in (low, 0.0, high)
    ]
    for colour, (name, one) in zip(_COLOURS, series.items(), strict=False):
        path = " ".join(f"{x(at):.1f},{y(value / _ONE):.1f}" for at, value in one)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        )
        left = _PAD + 150 * list(series).index(name)
        parts.append(
            f'<text x="{left}" y="20" fill="{colour}" font-size="14">{escape(name)}</text>'
        )
    hours = span / 3.6e12
    parts.append(
        f'<text x="{_WIDTH - _PAD}" y="{_HEIGHT - 8}" font-size="12" text-anchor="end">'
        f"{hours:.2f} h</text></svg>"
    )
    return "".join(parts)
