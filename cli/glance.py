"""A few lines about a running daemon: what a person wants to see without asking."""

from typing import Any


def glance(status: dict[str, Any], books: list[dict[str, Any]], edges: dict[str, Any]) -> str:
    """Return the books with their grades and audits, and the edges that pay or nearly do."""
    lines = [
        (
            f"-- up {status['uptime_seconds']:.0f} s, {status['inputs']:,} inputs,"
            f" {status['rss_mb']:.0f} MiB, recording {status['recording']['state']},"
            f" digest {status['digest']}"
        )
    ]
    for row in books:
        bid, ask = (row[side][0] if row[side] else "-" for side in ("bid", "ask"))
        grade = ", ".join(row["grade"]) or "good"
        score = row.get("audit_score")
        audit = f"audit {score:.4f}" if score is not None else "not audited yet"
        lines.append(
            f"   {row['instrument']:<26}{row['state']:<14}{bid:>12} {ask:<12} {grade:<18} {audit}"
        )
    for name, row in edges.items():
        now = row["now"]
        if now["gross_bps"] is not None and now["gross_bps"] > 0:
            lines.append(
                f"   {name:<46} gross {now['gross_bps']:>7.2f}  net {now['net_bps']:>7.2f} bps"
                f"  {now['rule'] or ''}"
            )
    return "\n".join(lines)
