"""Orders by hand: a person's words to an order, past the same checks as any strategy's.

    place   instrument=BTC-USDT.BINANCE side=buy size=0.01 price=60000 tif=gtc post_only=0 world=
    amend   order=7 size=0.02 price=60001 world=optimistic
    cancel  order=7 world=optimistic

Words may come in any order. Without a world, `place` is meant for each of them; the orders of one
world are not those of another, so the other two name it. What came of it is told as the event
`manual` of that world: (what, order or ticket, reason), with the reason `ok` or why not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from arb.orders.order import Purpose
from arb.orders.store import OPEN_MAX
from arb.risk.reason import RiskReason
from arb.risk.ticket import Ticket
from arb.trader import Trader
from market.grid import BadNumberError, OffGridError, split_decimal
from market.order import Side, Tif

_Value = TypeVar("_Value")

#: The strategy that orders by hand belong to.
STRATEGY = "manual"
EVENT = "manual"

_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_TIFS = {"gtc": Tif.GTC, "ioc": Tif.IOC, "fok": Tif.FOK}
_FLAGS = {"0": False, "1": True}


class ManualError(ValueError):
    """The words make no order; the message says which and what was expected."""


@dataclass(frozen=True, slots=True)
class Place:
    """An order that somebody wants; sizes and prices as decimal text."""

    instrument: str
    side: Side
    size: str
    price: str
    tif: Tif
    post_only: bool
    world: str

    def act(self, trader: Trader) -> tuple[int, str]:
        """Send it; returns its number, or that of the ticket that waits, and the reason."""
        slot = next(
            (at for at, one in enumerate(trader.market.instruments) if one.id == self.instrument),
            None,
        )
        if slot is None or slot not in trader.risk.lines:
            return 0, _word(RiskReason.NOT_TRADED)
        if len(trader.store.open) >= OPEN_MAX:
            return 0, _word(RiskReason.OPEN_ORDERS)
        price, lots, wrong = _units(trader, slot, self.price, self.size)
        if wrong:
            return 0, wrong
        ticket = Ticket(
            slot,
            self.side,
            price,
            lots,
            Purpose.MANUAL,
            STRATEGY,
            tif=self.tif,
            post_only=self.post_only,
        )
        waiting = set(trader.risk.held)
        order = trader.send(ticket)
        if order is not None:
            return order.id, _word(RiskReason.OK)
        held = next((number for number in trader.risk.held if number not in waiting), 0)
        return held, _word(trader.last_refusal)


@dataclass(frozen=True, slots=True)
class Amend:
    """Another price and whole size of an order that was placed by hand."""

    order: int
    size: str
    price: str
    world: str

    def act(self, trader: Trader) -> tuple[int, str]:
        """Ask for it; returns the order's number and the reason."""
        order = trader.store.open.get(self.order)
        if order is None:
            return self.order, "unknown_order"
        if order.purpose is not Purpose.MANUAL:
            return self.order, "not_by_hand"
        price, lots, wrong = _units(trader, order.slot, self.price, self.size)
        if wrong:
            return self.order, wrong
        if lots <= order.filled:
            return self.order, "filled_already"
        if trader.amend(order, price, lots):
            return self.order, _word(RiskReason.OK)
        return self.order, _word(trader.last_refusal) if trader.last_refusal else "not_now"


@dataclass(frozen=True, slots=True)
class Cancel:
    """The end of any order."""

    order: int
    world: str

    def act(self, trader: Trader) -> tuple[int, str]:
        """Ask for it; returns the order's number and the reason."""
        order = trader.store.open.get(self.order)
        if order is None:
            return self.order, "unknown_order"
        if not order.cancel_wanted:
            trader.dirty = True
            trader.store.cancel(order)
        return self.order, _word(RiskReason.OK)


Wish = Place | Amend | Cancel


def parse(name: str, argument: str) -> Wish:
    """Return what is wished for; raises ManualError."""
    words: dict[str, str] = {}
    for word in argument.split(" "):
        key, sign, value = word.partition("=")
        if not sign or key in words:
            raise ManualError(f"{word[:40]!r}: expected key=value, each key once")
        words[key] = value
    wish = _PARSERS[name](words)
    if words:
        raise ManualError(f"unknown key {next(iter(words))[:40]!r}")
    return wish


def act(trader: Trader, name: str, argument: str) -> None:
    """Carry out what is wished for in one world, if it is meant; raises ManualError."""
    wish = parse(name, argument)
    if wish.world in ("", trader.name):
        number, reason = wish.act(trader)
        trader.on_event(EVENT, (name, number, reason))


def _place(words: dict[str, str]) -> Place:
    return Place(
        _take(words, "instrument"),
        _choice(words, "side", _SIDES),
        _decimal(words, "size"),
        _decimal(words, "price"),
        _choice(words, "tif", _TIFS, "gtc"),
        _choice(words, "post_only", _FLAGS, "0"),
        words.pop("world", ""),
    )


def _amend(words: dict[str, str]) -> Amend:
    order = _number(words, "order")
    return Amend(order, _decimal(words, "size"), _decimal(words, "price"), _take(words, "world"))


def _cancel(words: dict[str, str]) -> Cancel:
    return Cancel(_number(words, "order"), _take(words, "world"))


_PARSERS: dict[str, Callable[[dict[str, str]], Wish]] = {
    "place": _place,
    "amend": _amend,
    "cancel": _cancel,
}
#: What a person may ask for by hand.
MANUAL = tuple(_PARSERS)


def _take(words: dict[str, str], key: str) -> str:
    value = words.pop(key, "")
    if not value:
        raise ManualError(f"{key} is missing")
    return value


def _choice(
    words: dict[str, str], key: str, choices: dict[str, _Value], default: str = ""
) -> _Value:
    given = words.pop(key, default)
    if given not in choices:
        raise ManualError(f"{key}: expected {' or '.join(choices)}, got {given[:40]!r}")
    return choices[given]


def _decimal(words: dict[str, str], key: str) -> str:
    given = _take(words, key)
    try:
        split_decimal(given)
    except BadNumberError as error:
        raise ManualError(f"{key}: {error}") from None
    return given


def _number(words: dict[str, str], key: str) -> int:
    given = _take(words, key)
    if not (given.isascii() and given.isdecimal() and len(given) < 19):
        raise ManualError(f"{key}: expected a number, got {given[:40]!r}")
    return int(given)


def _units(trader: Trader, slot: int, price: str, size: str) -> tuple[int, int, str]:
    """Return price in ticks, size in lots, and why they cannot be, '' when they can."""
    instrument = trader.market.instruments[slot]
    try:
        ticks = instrument.price.parse(price)
    except (BadNumberError, OffGridError):
        return 0, 0, _word(RiskReason.OFF_TICK)
    try:
        return ticks, instrument.size.parse(size), ""
    except (BadNumberError, OffGridError):
        return 0, 0, _word(RiskReason.OFF_LOT)


def _word(reason: RiskReason) -> str:
    return reason.name.lower()
