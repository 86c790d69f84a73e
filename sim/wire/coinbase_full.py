"""Coinbase Exchange, order by order: the messages of `full`, `level3` and `user`.

https://docs.cdp.coinbase.com/exchange/docs/websocket-channels#full-channel
"""

from typing import Any, Final, NamedTuple

import orjson

from engine.code import Side as OrderSide
from sim.exchange.order import Order
from sim.market.event import Side
from sim.market.listing import Listing

from .coinbase import product_of
from .coinbase_exchange import SIDE_NAMES, price_text, size_text, time_text
from .coinbase_id import name_uuid, order_uuid
from .decimal import trimmed


class Received(NamedTuple):
    """An order entered; `price` is 0 of one that takes at any price."""

    order: int
    side: Side
    price: int
    lots: int


class Open(NamedTuple):
    """What is left of an order rests, last of its level."""

    order: int
    side: Side
    price: int
    lots: int


class Match(NamedTuple):
    """A resting order traded; `side` is the maker's."""

    order: int
    side: Side
    price: int
    lots: int
    taker: int
    trade: int
    ts_ns: int


class Change(NamedTuple):
    """A resting order became smaller where it stands."""

    order: int
    side: Side
    price: int
    lots: int
    old_lots: int


class Done(NamedTuple):
    """An order is over: filled, or canceled with `lots` left."""

    order: int
    side: Side
    price: int
    lots: int
    filled: bool


Message = Received | Open | Match | Change | Done

_LEVEL3: Final = {
    "change": ["type", "product_id", "sequence", "order_id", "price", "size", "time"],
    "done": ["type", "product_id", "sequence", "order_id", "time"],
    "match": [
        *("type", "product_id", "sequence", "maker_order_id", "taker_order_id"),
        *("price", "size", "time"),
    ],
    "noop": ["type", "product_id", "sequence", "time"],
    "open": ["type", "product_id", "sequence", "order_id", "side", "price", "size", "time"],
}


def level3_schema() -> bytes:
    """Return the first message of `level3`: what the places of its arrays mean."""
    return orjson.dumps({"type": "level3", "schema": _LEVEL3})


def full_fields(
    listing: Listing, sequence: int, ts_ns: int, message: Message, own: Order | None = None
) -> dict[str, Any]:
    """Return a message of `full`; of an order of ours, `own`, more is known than its numbers."""
    kind, fields = _fields(listing, message, own)
    head = {"type": kind, "product_id": product_of(listing), "sequence": sequence}
    side = {"side": SIDE_NAMES[message.side]}
    return head | fields | side | {"time": time_text(_time_of(message, ts_ns))}


def _fields(listing: Listing, message: Message, own: Order | None) -> tuple[str, dict[str, Any]]:
    order = {"order_id": order_uuid(message.order)}
    price = {"price": price_text(listing, message.price)} if message.price else {}
    match message:
        case Received():
            kind = {"order_type": "limit" if message.price else "market"}
            client = {"client_oid": own.client_id if own else ""}
            return "received", order | kind | {"size": size_text(listing, message.lots)} | (
                price | client
            )
        case Open():
            return "open", order | price | {"remaining_size": size_text(listing, message.lots)}
        case Change():
            sizes = {
                "old_size": size_text(listing, message.old_lots),
                "new_size": size_text(listing, message.lots),
            }
            return "change", order | price | sizes
        case Done():
            reason = {"reason": "filled" if message.filled else "canceled"}
            left = {"remaining_size": size_text(listing, message.lots)}
            return "done", order | price | reason | left
        case Match():
            return "match", match_fields(listing, message) | price


def match_fields(listing: Listing, message: Match) -> dict[str, Any]:
    """Return what a `match` says besides its price."""
    return {
        "trade_id": message.trade,
        "maker_order_id": order_uuid(message.order),
        "taker_order_id": order_uuid(message.taker),
        "size": size_text(listing, message.lots),
    }


def level3_row(listing: Listing, sequence: int, ts_ns: int, message: Message) -> list[Any]:
    """Return a message of `level3`: an array, in which `received` only keeps the count."""
    head = [product_of(listing), str(sequence)]
    time = time_text(_time_of(message, ts_ns))
    order = order_uuid(message.order)
    price, size = price_text(listing, message.price), size_text(listing, message.lots)
    match message:
        case Received():
            return ["noop", *head, time]
        case Open():
            return ["open", *head, order, SIDE_NAMES[message.side], price, size, time]
        case Change():
            return ["change", *head, order, price, size, time]
        case Done():
            return ["done", *head, order, time]
        case Match():
            return ["match", *head, order, order_uuid(message.taker), price, size, time]


def user_fields(account: int) -> dict[str, str]:
    """Return what messages of `user` add: whose they are."""
    return {"user_id": user_id(account), "profile_id": profile_id(account)}


def party_fields(account: int, is_maker: bool, rate: int) -> dict[str, str]:
    """Return what a `match` of one's own adds: on which side of it, at which fee in 1e-8 parts."""
    role = "maker" if is_maker else "taker"
    return {
        f"{role}_user_id": user_id(account),
        f"{role}_profile_id": profile_id(account),
        f"{role}_fee_rate": trimmed(rate, 8),
    }


def user_id(account: int) -> str:
    """Return the id of an account's user."""
    return name_uuid("user", account).replace("-", "")[:24]


def profile_id(account: int) -> str:
    """Return the id of an account's only profile."""
    return name_uuid("profile", account)


def activate(listing: Listing, ts_ns: int, order: Order) -> dict[str, Any]:
    """Return the message about a stop that waits, which is not counted in the sequence."""
    return {
        "type": "activate",
        "product_id": product_of(listing),
        "timestamp": f"{ts_ns // 10**9}.{ts_ns % 10**9 // 1000:06d}",
        "order_id": order_uuid(order.id),
        "stop_type": "entry" if order.side is OrderSide.BUY else "loss",
        "side": SIDE_NAMES[Side(order.side)],
        "stop_price": price_text(listing, order.stop_price),
        "size": size_text(listing, order.qty),
        "funds": "",
        "private": True,
    } | user_fields(order.account)


def _time_of(message: Message, ts_ns: int) -> int:
    return message.ts_ns if isinstance(message, Match) else ts_ns
