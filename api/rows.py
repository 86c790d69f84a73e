"""Rows of market data, read from the node: what a route answers and the stream sends."""

from arb.edge import Edge as NodeEdge
from books.grade import UNUSABLE, Grade
from cache.plain_tape import Print
from market.instrument import Instrument as NodeInstrument
from node import Node

from .schemas import Depth, Edge, Instrument, Level, Quote, Trade
from .spell import spell_levels

_UNUSABLE = int(UNUSABLE)
#: Labels by grade bits: there are few, and they are asked for all the time.
_LABELS: dict[int, list[str]] = {}


def labels(grade: int) -> list[str]:
    """Return the reasons of a grade in words; the list is shared, so it is for reading."""
    found = _LABELS.get(grade)
    if found is None:
        found = _LABELS[grade] = Grade(grade).labels
    return found


def quote(node: Node, slot: int, now: int) -> Quote:
    """Return the quote of a slot as it stands."""
    instrument, read = node.instruments[slot], node.l1.read(slot, now)
    price, size = instrument.price, instrument.size
    has_bid, has_ask = read.bid_lots > 0, read.ask_lots > 0
    return {
        "instrument": instrument.id,
        "state": node.books[slot].reason_label,
        "usable": not read.grade & _UNUSABLE,
        "grade": labels(read.grade),
        "bid": price.format(read.bid_price) if has_bid else None,
        "bid_size": size.format(read.bid_lots) if has_bid else None,
        "ask": price.format(read.ask_price) if has_ask else None,
        "ask_size": size.format(read.ask_lots) if has_ask else None,
        "source": "quote" if read.from_quote else "depth",
        "version": read.version,
        "ts_event_ns": read.ts_event,
        "ts_recv_ns": read.ts_recv,
        "silence_ns": read.silence_ns if read.silence_ns >= 0 else None,
        "lag_ns": node.l1.lag(slot),
        "ts_ns": now,
    }


def depth(node: Node, slot: int, levels: int, now: int) -> Depth:
    """Return the best levels of a slot's book."""
    book, instrument = node.books[slot], node.instruments[slot]
    grade = node.l1.grade(slot, now)
    return {
        "instrument": instrument.id,
        "state": book.reason_label,
        "usable": not grade & _UNUSABLE,
        "grade": labels(grade),
        "version": book.version,
        "ts_event_ns": book.ts_event,
        "ts_recv_ns": book.ts_recv,
        "bids": _levels(node, slot, levels, ask=False),
        "asks": _levels(node, slot, levels, ask=True),
        "bid_levels": book.count(ask=False),
        "ask_levels": book.count(ask=True),
        "ts_ns": now,
    }


def _levels(node: Node, slot: int, levels: int, *, ask: bool) -> list[Level]:
    book, instrument = node.books[slot], node.instruments[slot]
    if not book.live:
        return []
    return spell_levels(book.walk(ask, levels), instrument.price, instrument.size)


def instrument(one: NodeInstrument) -> Instrument:
    """Return what is known of an instrument."""
    return {
        "instrument": one.id,
        "venue": one.venue,
        "native": one.native,
        "base": one.base,
        "quote": one.quote,
        "kind": one.kind.value,
        "tick": one.tick or one.price.increment,
        "lot": one.lot or one.size.increment,
        "min_size": one.min_size,
        "max_size": one.max_size,
        "min_notional": one.min_notional,
        "rules_from": one.origin,
    }


def trade(node: Node, one: Print) -> Trade:
    """Return a public trade."""
    number, slot, price, lots, event_ns, recv_ns, buyer = one
    traded = node.instruments[slot]
    return {
        "id": number,
        "instrument": traded.id,
        "side": "buy" if buyer else "sell",
        "price": traded.price.format(price),
        "size": traded.size.format(lots),
        "ts_event_ns": event_ns,
        "ts_recv_ns": recv_ns,
    }


def edge(one: NodeEdge, direction: int) -> Edge:
    """Return one direction of an edge at the touch."""
    side, now = one.sides[direction], one.look(direction)
    gross, net, rule = now["gross_bps"], now["net_bps"], now["rule"]
    return {
        "edge": side.name,
        "kind": one.kind,
        "sell": one.legs[side.sell].id,
        "buy": one.legs[side.buy].id,
        "conversion": one.conversion.id if one.conversion else None,
        "currency": one.legs[1].instrument.quote,
        "gross_bps": gross if isinstance(gross, float) else None,
        "net_bps": net if isinstance(net, float) else None,
        "rule": rule if isinstance(rule, str) else None,
    }
