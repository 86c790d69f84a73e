"""What a node knows, as one object and as text for people."""

from dataclasses import asdict
from typing import Any

from arb.edge import Edge
from arb.ledger import Rule, Total
from books.audit_record import AuditRecord
from node import Node


def report(node: Node, feed_ns: int, wall_seconds: float) -> dict[str, Any]:
    """Return the summary of a run. Prices and sizes are exact decimal text."""
    return {
        "inputs": node.inputs,
        "feed_seconds": round(feed_ns / 1e9, 6),
        "wall_seconds": round(wall_seconds, 6),
        "events": node.events,
        "digest": node.digest.hex,
        "books": [book_row(node, slot) for slot in range(len(node.books))],
        "connections": [connection_row(node, name) for name in node.links],
        "consolidated": [
            asdict(node.consolidated.best(pair, node.now)) for pair in node.consolidated.pairs
        ],
        "edges": {row["name"]: row for edge in node.edges for row in edge_rows(node, edge)},
    }


def book_row(node: Node, slot: int) -> dict[str, Any]:
    """Return one book: its state and counters, and its own touch while it is live."""
    book, instrument = node.books[slot], node.instruments[slot]
    touch: dict[str, list[str] | None] = {"bid": None, "ask": None}
    if book.live:
        for name, ask in (("bid", False), ("ask", True)):
            best = book.best(ask)
            if best is not None:
                touch[name] = [instrument.price.format(best[0]), instrument.size.format(best[1])]
    return {
        "instrument": instrument.id,
        "state": book.reason_label,
        "detail": book.detail,
        "diffs": book.diffs,
        "stale": book.stale,
        "applied": book.applied,
        "gaps": book.gaps,
        "crossed": book.crossed,
        "reference_checks": book.reference_checks,
        "reference_mismatches": book.reference_mismatches,
        "absent": book.absent,
        "changes": book.changes,
        **touch,
        "bid_levels": book.count(ask=False),
        "ask_levels": book.count(ask=True),
        "last_sequence": book.last_sequence if book.last_sequence >= 0 else None,
        "snapshots": book.snapshots,
        "condemned": book.condemned,
        **audit_fields(node, slot),
        "refinements": node.catalog.refinements(instrument.venue, instrument.native),
        "tick": instrument.price.increment,
        "lot": instrument.size.increment,
    }


def audit_fields(node: Node, slot: int) -> dict[str, Any]:
    """Return a book's audits: the scores are shares of the decidable levels, None without any."""
    record = node.audits.records.get(slot) or AuditRecord()
    return {
        "audits": record.audits,
        "audit_score": record.score,
        "audit_score_total": record.total_score,
        "audits_failed": record.failed,
        "last_clean_audit_ns": record.last_clean_ns,
        "audit_inconclusive": record.inconclusive,
    }


def connection_row(node: Node, name: str) -> dict[str, Any]:
    """Return one connection: its state and what went wrong on it."""
    link = node.links[name]
    return {
        "connection": name,
        "venue": link.venue.name,
        "state": "open" if link.connected else link.detail,
        "epoch": link.epoch,
        "frames": link.frames,
        "replies": link.replies,
        "quotes": link.quotes,
        "trades": link.trades,
        "gaps": link.gaps,
        "stale": link.stale,
        "errors": dict(link.errors),
        "last_sequence": link.sequence.last if link.sequence else None,
        "books": len(link.slots),
    }


def edge_rows(node: Node, edge: Edge) -> list[dict[str, Any]]:
    """Return both directions of an edge: how long it was crossed, and what the ledger holds."""
    rows = []
    for direction, side in enumerate(edge.sides):
        depth, quotes = edge.shares[direction]
        rows.append(
            {
                "name": side.name,
                "kind": edge.kind,
                "sell": edge.legs[side.sell].id,
                "buy": edge.legs[side.buy].id,
                "conversion": edge.conversion.id if edge.conversion else None,
                "quote": edge.legs[1].instrument.quote,
                "gross_share_quotes": quotes.share(node.now),
                "gross_share_depth": depth.share(node.now),
                "rules": {
                    rule.label: _total(edge, total)
                    for rule in Rule
                    if (total := node.ledger.totals.get((side.name, rule))) is not None
                },
            }
        )
    return rows


def _total(edge: Edge, total: Total) -> dict[str, Any]:
    return {
        "opportunities": total.count,
        "seconds": round(total.open_ns / 1e9, 6),
        "best_net_bps": edge.net_bps(total.best_net) if total.best_net is not None else None,
        "best_profit": edge.amount(total.best_profit),
        "outcomes": {
            f"{delay}ms": {"valued": count, "sum": edge.amount(profit)}
            for delay, (count, profit) in sorted(total.outcomes.items())
        },
    }


def human(result: dict[str, Any]) -> str:
    """Return a report as lines for a person."""
    rate = result["inputs"] / result["wall_seconds"] if result["wall_seconds"] else 0
    out = [
        (
            f"{result['inputs']:,} inputs, {result['events']:,} market events,"
            f" {result['feed_seconds']:,.1f} s of feed in {result['wall_seconds']:.2f} s"
            f" ({rate:,.0f} inputs/s)"
        ),
        f"digest {result['digest']}",
        "",
        (
            f"{'book':<32}{'state':<18}{'bid':>14} {'ask':<14}{'applied':>9}{'gaps':>6}"
            f"{'checks':>8}{'wrong':>6}{'levels':>14}"
        ),
    ]
    for row in result["books"]:
        bid, ask = (row[side][0] if row[side] else "-" for side in ("bid", "ask"))
        levels = f"{row['bid_levels']}/{row['ask_levels']}"
        out.append(
            f"{row['instrument']:<32}{row['state']:<18}{bid:>14} {ask:<14}{row['applied']:>9,}"
            f"{row['gaps']:>6}{row['reference_checks']:>8,}{row['reference_mismatches']:>6}"
            f"{levels:>14}"
        )
        if row["detail"]:
            out.append(f"    {row['detail']}")
    out += ["", *(_connection_line(row) for row in result["connections"])]
    if result["edges"]:
        out += ["", "edges: sell > buy, share of the time crossed before fees (quotes, depth)"]
        for row in result["edges"].values():
            out += _edge_lines(row)
    return "\n".join(out)


def _connection_line(row: dict[str, Any]) -> str:
    errors = ", ".join(f"{name} {count}" for name, count in row["errors"].items()) or "no errors"
    return (
        f"{row['connection']:<28}{row['frames']:>9,} frames {row['replies']:>4} replies"
        f" {row['gaps']:>4} gaps   {errors}"
    )


def _edge_lines(row: dict[str, Any]) -> list[str]:
    shares = [row["gross_share_quotes"], row["gross_share_depth"]]
    if not row["rules"] and not any(shares):
        return []
    texts = ["-" if share is None else f"{share:.2%}" for share in shares]
    out = [f"  {row['name']}  ({row['kind']})  {texts[0]}  {texts[1]}"]
    for name, total in row["rules"].items():
        best = total["best_net_bps"]
        out.append(
            f"      {name:<14}{total['opportunities']:>8,} seen {total['seconds']:>10.2f} s"
            f"   best net {best if best is not None else '-':>8} bps"
            f"   best profit {total['best_profit']} {row['quote']}"
        )
    return out
