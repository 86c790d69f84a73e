"""Routes about the market: instruments, quotes, books, edges, opportunities, connections."""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from arb.edge import Edge as NodeEdge
from arb.ledger import Entry, Rule
from market.grid import plain_decimal
from node import Node

from . import rows
from .pages import CURSOR, PAGED, before, newest, page
from .route import Call, Parameter, RefusedError, Route
from .schemas import Connection, Depth, Edge, Instrument, Opportunity, Page, Quote, Trade
from .view import LEVELS_MAX

INSTRUMENT = Parameter(
    "instrument", "text", "an instrument id", pattern=r"[A-Z0-9][A-Z0-9.\-]*", length_max=64
)
_BOOKS = Parameter("limit", "integer", "items at most", 20, 1, 50)
OF = replace(INSTRUMENT, description="only of this instrument")
_LEVELS = Parameter("levels", "integer", "levels of each side at most", 10, 0, LEVELS_MAX)
_RULE = Parameter(
    "rule", "text", "only what this rule decided", choices=tuple(rule.label for rule in Rule)
)
_STATE = Parameter(
    "state", "text", "whether entries still last", "closed", choices=("open", "closed")
)


def slot_of(call: Call) -> int:
    """Return the slot of the instrument in the path; RefusedError 404 for one not watched."""
    name = call.text("instrument")
    slot = call.host.node.slot_of(name)
    if slot is None:
        raise RefusedError(404, f"no instrument {name!r} is watched; see /v1/instruments")
    return slot


def _instruments(call: Call) -> Page[Instrument]:
    return page(call, call.host.node.instruments, rows.instrument)


def _quotes(call: Call) -> Page[Quote]:
    node, now = call.host.node, call.now_ns
    return page(call, range(len(node.books)), lambda slot: rows.quote(node, slot, now))


def _quote(call: Call) -> Quote:
    return rows.quote(call.host.node, slot_of(call), call.now_ns)


def _books(call: Call) -> Page[Depth]:
    node, now, levels = call.host.node, call.now_ns, call.number("levels")
    return page(call, range(len(node.books)), lambda slot: rows.depth(node, slot, levels, now))


def _book(call: Call) -> Depth:
    return rows.depth(call.host.node, slot_of(call), call.number("levels"), call.now_ns)


def _edges(call: Call) -> Page[Edge]:
    directions = [(one, direction) for one in call.host.node.edges for direction in (0, 1)]
    return page(call, directions, lambda one: rows.edge(*one))


def _opportunities(call: Call) -> Page[Opportunity]:
    node, rule = call.host.node, call.text("rule")
    edges = {side.name: one for one in node.edges for side in one.sides}

    def row(entry: Entry) -> Opportunity:
        return _opportunity(entry, edges[entry.edge])

    if call.text("state") == "open":
        held = node.ledger.open.values()
        return page(call, [one for one in held if not rule or one.rule.label == rule], row)
    return newest(call, _closed(node, call.text("cursor"), rule), row)


def _closed(node: Node, cursor: str, rule: str) -> Iterator[Entry]:
    """Yield closed entries, the last closed first, from behind the one with the cursor's id on."""
    passed = not cursor
    for entry in reversed(node.ledger.closed):
        if passed and (not rule or entry.rule.label == rule):
            yield entry
        passed = passed or entry.id == int(cursor)


def _opportunity(entry: Entry, edge: NodeEdge) -> Opportunity:
    return {
        "id": entry.id,
        "edge": entry.edge,
        "rule": entry.rule.label,
        "opened_ns": entry.opened_ns,
        "closed_ns": entry.closed_ns or None,
        "base": plain_decimal(entry.base, edge.base_decimals),
        "profit": edge.amount(entry.profit),
        "net_bps": edge.net_bps(entry.net),
        "best_net_bps": edge.net_bps(entry.best_net),
        "currency": edge.legs[1].instrument.quote,
        "detail": entry.detail,
        "outcomes": {
            f"{delay}ms": None if profit is None else edge.amount(profit)
            for delay, profit in sorted(entry.outcomes.items())
        },
    }


def _trades(call: Call) -> Page[Trade]:
    node, name = call.host.node, call.text("instrument")
    slot = slot_of(call) if name else -1
    found = node.tape.before(before(call), slot, call.number("limit") + 1)
    return newest(call, found, lambda one: rows.trade(node, one))


def _connections(call: Call) -> Page[Connection]:
    return page(call, call.host.view.connections(), lambda row: cast(Connection, row))


ROUTES = (
    Route(
        "GET",
        "/v1/instruments",
        "listInstruments",
        "What is watched, with its rules",
        Page[Instrument],
        _instruments,
        "market",
        PAGED,
    ),
    Route(
        "GET",
        "/v1/quotes",
        "listQuotes",
        "Best bid and ask of every instrument, graded",
        Page[Quote],
        _quotes,
        "market",
        PAGED,
    ),
    Route(
        "GET",
        "/v1/quotes/{instrument}",
        "getQuote",
        "Best bid and ask of one instrument, graded",
        Quote,
        _quote,
        "market",
        (INSTRUMENT,),
        refusals=(404,),
    ),
    Route(
        "GET",
        "/v1/books",
        "listBooks",
        "Level 2 books of every instrument",
        Page[Depth],
        _books,
        "market",
        (_BOOKS, CURSOR, _LEVELS),
    ),
    Route(
        "GET",
        "/v1/books/{instrument}",
        "getBook",
        "The level 2 book of one instrument",
        Depth,
        _book,
        "market",
        (INSTRUMENT, _LEVELS),
        refusals=(404,),
    ),
    Route(
        "GET",
        "/v1/edges",
        "listEdges",
        "Both directions of every edge at the touch",
        Page[Edge],
        _edges,
        "market",
        PAGED,
    ),
    Route(
        "GET",
        "/v1/opportunities",
        "listOpportunities",
        "The opportunity ledger, what ended last first",
        Page[Opportunity],
        _opportunities,
        "market",
        (*PAGED, _STATE, _RULE),
    ),
    Route(
        "GET",
        "/v1/trades",
        "listTrades",
        "The newest public trades, newest first",
        Page[Trade],
        _trades,
        "market",
        (*PAGED, OF),
        refusals=(404,),
    ),
    Route(
        "GET",
        "/v1/connections",
        "listConnections",
        "Connections to the venues",
        Page[Connection],
        _connections,
        "market",
        PAGED,
    ),
)
