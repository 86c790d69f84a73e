"""What is measured of venues, connections, books, quotes and edges."""

from collections.abc import Callable, Iterator

from prometheus_client.metrics_core import Metric

from arb.edge import Edge
from arb.ledger import Rule
from books.audit_record import AuditRecord
from books.book import Book
from books.grade import Grade
from connectors.link import Link
from node import Node

from .metrics_sheet import Row, Sheet
from .metrics_source import Process

_CONNECTION = ("venue", "connection")
_BOOK = ("venue", "instrument")
_GRADES = [(grade, grade.labels[0].replace(" ", "_")) for grade in Grade if grade]

_LINK_COUNTERS: tuple[tuple[str, str, Callable[[Link], int]], ...] = (
    ("connection_openings", "times a connection was opened", lambda link: link.epoch),
    ("connection_frames", "frames received", lambda link: link.frames),
    ("connection_quotes", "best quotes received", lambda link: link.quotes),
    ("connection_trades", "public trades received", lambda link: link.trades),
    ("connection_gaps", "gaps in a connection's own sequence", lambda link: link.gaps),
    ("connection_stale_frames", "frames older than the last one", lambda link: link.stale),
)
_BOOK_COUNTERS: tuple[tuple[str, str, Callable[[Book], int]], ...] = (
    ("book_diffs_applied", "diffs applied", lambda book: book.applied),
    ("book_level_changes", "changes of levels", lambda book: book.changes),
    ("book_gaps", "gaps found by the sequence rule", lambda book: book.gaps),
    ("book_crossings", "times bid and ask crossed within the book", lambda book: book.crossed),
    ("book_snapshots", "snapshots taken over: the first and each resync", lambda b: b.snapshots),
    ("book_condemnations", "times a live book was given up", lambda book: book.condemned),
    (
        "book_reference_checks",
        "comparisons with the best-quote channel",
        lambda book: book.reference_checks,
    ),
    (
        "book_reference_mismatches",
        "comparisons with the best-quote channel that failed",
        lambda book: book.reference_mismatches,
    ),
)


def feed_families(process: Process, sheet: Sheet) -> Iterator[Metric]:
    """Yield the families of venues, connections, books, quotes and edges."""
    yield from _venues(process, sheet)
    yield from _connections(process, sheet)
    yield from _books(process.node, sheet)
    yield from _audits(process.node, sheet)
    yield from _quotes(process, sheet)
    yield from _edges(process.node, sheet)


def _venues(process: Process, sheet: Sheet) -> Iterator[Metric]:
    offsets = {name: feed.offset for name, feed in process.feeds.items()}
    known = {name: offset for name, offset in offsets.items() if offset is not None}
    yield sheet.gauge(
        "venue_clock_offset_seconds",
        "the venue's clock minus ours, from round trips of its time endpoint",
        ("venue",),
        (((name,), offset.offset_ns / 1e9) for name, offset in known.items()),
    )
    yield sheet.gauge(
        "venue_clock_offset_doubt_seconds",
        "how far the offset may be off on either side",
        ("venue",),
        (((name,), offset.doubt_ns / 1e9) for name, offset in known.items()),
    )
    replies: dict[str, int] = dict.fromkeys(process.feeds, 0)
    for link in process.node.links.values():
        replies[link.venue.name] = replies.get(link.venue.name, 0) + link.replies
    yield sheet.counter(
        "rest_replies",
        "REST replies taken",
        ("venue",),
        (((name,), count) for name, count in replies.items()),
    )


def _connections(process: Process, sheet: Sheet) -> Iterator[Metric]:
    node = process.node
    streams = _newest(node)
    yield sheet.gauge(
        "connection_up",
        "whether a connection is open",
        _CONNECTION,
        ((key, float(link.connected)) for key, link in streams.items()),
    )
    yield sheet.gauge(
        "connection_last_message_age_seconds",
        "time since the last frame of the depth channel, since the start where none came yet",
        _CONNECTION,
        _ages(process, streams),
    )
    for name, text, read in _LINK_COUNTERS:
        yield sheet.counter(
            name, text, _CONNECTION, ((key, read(link)) for key, link in streams.items())
        )
    errors: dict[tuple[str, str, str], int] = {}
    for link in node.links.values():
        for reason, count in link.errors.items():
            key = (link.venue.name, link.base, reason)
            errors[key] = errors.get(key, 0) + count
    for at, count in process.counters.snapshot().items():
        errors[at] = errors.get(at, 0) + count
    yield sheet.counter(
        "connection_errors",
        "what went wrong on a connection, at the transport or in the frames",
        (*_CONNECTION, "reason"),
        errors.items(),
    )


def _newest(node: Node) -> dict[tuple[str, str], Link]:
    """Return of each stream the newest opening, which carries on the older ones' counts."""
    found: dict[tuple[str, str], Link] = {}
    for link in node.links.values():
        if link.base.endswith(".rest"):
            continue
        key = (link.venue.name, link.base)
        held = found.get(key)
        if held is None or (link.connected, link.opened) >= (held.connected, held.opened):
            found[key] = link
    return found


def _ages(process: Process, streams: dict[tuple[str, str], Link]) -> Iterator[Row]:
    node, now = process.node, process.clock.now_ns()
    for key, link in streams.items():
        heard = [node.l1.read(slot, now).silence_ns for slot in link.slots]
        ages = [age for age in heard if age >= 0]
        if link.slots:
            yield key, (min(ages) if ages else now - process.started_ns) / 1e9


def _of_books(node: Node, read: Callable[[Book], float]) -> Iterator[Row]:
    for book, instrument in zip(node.books, node.instruments, strict=True):
        yield (instrument.venue, instrument.id), read(book)


def _books(node: Node, sheet: Sheet) -> Iterator[Metric]:
    yield sheet.gauge(
        "book_live",
        "whether a book mirrors the venue's and may be read",
        _BOOK,
        _of_books(node, lambda book: float(book.live)),
    )
    for name, text, read in _BOOK_COUNTERS:
        yield sheet.counter(name, text, _BOOK, _of_books(node, read))


def _audits(node: Node, sheet: Sheet) -> Iterator[Metric]:
    none = AuditRecord()
    records = [
        ((instrument.venue, instrument.id), node.audits.records.get(slot) or none)
        for slot, instrument in enumerate(node.instruments)
    ]
    yield sheet.gauge(
        "book_audit_score_ratio",
        "levels that agreed with the venue's snapshot, of those that could be compared, last time",
        _BOOK,
        ((key, record.score) for key, record in records if record.score is not None),
    )
    yield sheet.counter(
        "book_audits",
        "audits by what came of them",
        (*_BOOK, "result"),
        (
            ((*key, result), count)
            for key, record in records
            for result, count in (
                ("clean", record.audits - record.failed),
                ("failed", record.failed),
                ("inconclusive", record.inconclusive),
            )
        ),
    )


def _quotes(process: Process, sheet: Sheet) -> Iterator[Metric]:
    node, now = process.node, process.clock.now_ns()
    rows = [
        ((instrument.venue, instrument.id), instrument, node.l1.read(slot, now), node.l1.lag(slot))
        for slot, instrument in enumerate(node.instruments)
    ]
    yield sheet.gauge(
        "quote_usable",
        "whether nothing forbids to price from a quote",
        _BOOK,
        ((key, float(quote.usable)) for key, _, quote, _ in rows),
    )
    yield sheet.gauge(
        "quote_doubt",
        "what stands against a quote, 1 for each reason that does",
        (*_BOOK, "reason"),
        (
            ((*key, label), float(bool(quote.grade & grade)))
            for key, _, quote, _ in rows
            for grade, label in _GRADES
        ),
    )
    yield sheet.gauge(
        "quote_silence_seconds",
        "time since the last frame of the channel that feeds a book",
        _BOOK,
        ((key, quote.silence_ns / 1e9) for key, _, quote, _ in rows if quote.silence_ns >= 0),
    )
    yield sheet.gauge(
        "quote_lag_seconds",
        "how late a quote came by the venue's clock, its offset taken into account",
        _BOOK,
        ((key, lag / 1e9) for key, _, _, lag in rows if lag is not None),
    )
    yield sheet.gauge(
        "quote_spread_ratio",
        "ask minus bid as a share of the mid price",
        _BOOK,
        (
            (key, 2 * (quote.ask_price - quote.bid_price) / (quote.ask_price + quote.bid_price))
            for key, _, quote, _ in rows
            if quote.bid_lots and quote.ask_lots
        ),
    )


def _edges(node: Node, sheet: Sheet) -> Iterator[Metric]:
    looks = [
        ((side.name,), edge.look(direction))
        for edge in node.edges
        for direction, side in enumerate(edge.sides)
    ]
    for which, text in (("gross", "before"), ("net", "after")):
        yield sheet.gauge(
            f"edge_{which}_ratio",
            f"what selling at one venue and buying at the other pays {text} all costs",
            ("edge",),
            (
                (key, float(look[f"{which}_bps"] or 0.0) / 10_000)
                for key, look in looks
                if look[f"{which}_bps"] is not None
            ),
        )
    by_name: dict[str, Edge] = {side.name: edge for edge in node.edges for side in edge.sides}
    totals = [
        ((name, rule.label.replace(" ", "_")), node.ledger.totals.get((name, rule)))
        for name in by_name
        for rule in Rule
    ]
    yield sheet.counter(
        "edge_opportunities",
        "opportunities by the rule that decided",
        ("edge", "rule"),
        ((key, total.count if total else 0) for key, total in totals),
    )
    yield sheet.counter(
        "edge_opportunity_seconds",
        "time for which opportunities lasted, counted when they end",
        ("edge", "rule"),
        ((key, total.open_ns / 1e9 if total else 0.0) for key, total in totals),
    )
