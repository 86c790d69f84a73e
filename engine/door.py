"""The plain door: commands and events as JSON lines, for one instrument.

Texts live here: the engine sees numbers for ids and accounts, ticks for prices, lots for
quantities. Nothing here decides anything about trading.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any, Final, NoReturn

from .code import KEEP, RATE_ONE, Allocation, Kind, Reason, Side, State, Stp, Tif, Type
from .core import Engine
from .naive import NaiveEngine
from .record import Event, read_events
from .rules import BookRules

LINE_CHARS_MAX: Final = 65_536
_DECIMAL_CHARS_MAX: Final = 40
_TIME_MAX: Final = (1 << 63) - 1
_BASE, _QUOTE = 0, 1
# A number that every rule refuses: the text was there but is no positive multiple of its unit.
_UNREADABLE: Final = -1
_UNKNOWN: Final = 255

_FIELDS: Final[dict[str, frozenset[str]]] = {
    "instrument": frozenset(
        {
            *("tick", "lot", "allocation", "top_order", "min_share"),
            *("collar", "halt_band", "maker_fee", "taker_fee"),
        }
    ),
    "new": frozenset(
        {
            *("id", "account", "side", "type", "tif", "price", "stop_price", "qty"),
            *("display_qty", "post_only", "stp", "expire_at_ns"),
        }
    ),
    "cancel": frozenset(("id",)),
    "cancel_all": frozenset(("account",)),
    "replace": frozenset(("id", "price", "qty")),
    "deposit": frozenset(("account", "asset", "amount")),
    "time": frozenset(("at_ns",)),
    "end_of_day": frozenset(),
    "state": frozenset(("state",)),
    "depth": frozenset(),
}


class LineError(ValueError):
    """A line that is no command; the text says what was expected."""


def _fail(message: str) -> NoReturn:
    raise LineError(message)


def _reject_constant(name: str) -> NoReturn:
    _fail(f"{name} is not a number")


def read_decimal(value: object) -> Decimal | None:
    """Return an exact finite decimal from its text (or JSON number), or None."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    text = str(value)
    if len(text) > _DECIMAL_CHARS_MAX or "_" in text or text != text.strip():
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= _DECIMAL_CHARS_MAX else None


def units_of(value: object, unit: Decimal) -> int:
    """Return a text as a whole number of units; -1 when it is not a positive multiple."""
    number = read_decimal(value)
    if number is None or number <= 0:
        return _UNREADABLE
    with localcontext(prec=120):
        units = number / unit
        whole = units.to_integral_value()
        return int(whole) if whole == units and whole < KEEP * -1 else _UNREADABLE


def text_of(number: Decimal) -> str:
    """Return a decimal's plain text without trailing zeros."""
    with localcontext(prec=120):
        text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class _Grid:
    tick: Decimal
    lot: Decimal

    def price(self, ticks: int) -> str:
        with localcontext(prec=120):
            return text_of(self.tick * ticks)

    def qty(self, lots: int) -> str:
        with localcontext(prec=120):
            return text_of(self.lot * lots)


class Door:
    """Turns lines into commands and events into lines; owns the texts of open ids and accounts."""

    def __init__(self, engine: Engine | NaiveEngine, *, accounts_max: int = 1 << 16) -> None:
        self._engine = engine
        self._accounts_max = accounts_max
        self._accounts: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._ids = 0
        self._line = 0
        self._grid: _Grid | None = None

    def feed(self, line: str) -> list[str]:
        """Run one line and return the event lines it caused; a blank line does nothing."""
        self._line += 1
        if not line.strip():
            return []
        try:
            return [_dump(event) for event in self._run(self._parse(line))]
        except LineError as error:
            return [_dump({"event": "error", "line": self._line, "message": str(error)})]

    @staticmethod
    def _parse(line: str) -> dict[str, Any]:
        if len(line) > LINE_CHARS_MAX:
            _fail(f"a line has at most {LINE_CHARS_MAX} characters")
        try:
            fields = json.loads(line, parse_float=Decimal, parse_constant=_reject_constant)
        except (ValueError, InvalidOperation, RecursionError) as error:
            raise LineError(f"not JSON: {error}") from error
        if not isinstance(fields, dict):
            _fail("a command is a JSON object")
        fields = {name: value for name, value in fields.items() if value is not None}
        op = fields.get("op")
        if not isinstance(op, str) or op not in _FIELDS:
            _fail(f"op must be one of {', '.join(_FIELDS)}")
        for name in fields:
            if name != "op" and name not in _FIELDS[op]:
                _fail(f"{op} has no field {name}")
        return fields

    def _run(self, fields: dict[str, Any]) -> list[dict[str, object]]:
        if fields["op"] == "instrument":
            self._instrument(fields)
            return []
        if self._grid is None:
            _fail("the first command must be instrument")
        if fields["op"] == "depth":
            return [self._depth(self._grid)]
        getattr(self, f"_{fields['op']}")(fields, self._grid)
        return list(self._drain(self._grid))

    # Commands.

    def _instrument(self, fields: dict[str, Any]) -> None:
        if self._grid is not None:
            _fail("the instrument is already set")
        tick, lot = (read_decimal(fields.get(name)) for name in ("tick", "lot"))
        if tick is None or lot is None or tick <= 0 or lot <= 0:
            _fail("tick and lot must be positive decimals")
        least = units_of(fields["min_share"], lot) if "min_share" in fields else 0
        if least < 0:
            _fail("min_share must be a positive multiple of the lot")
        rates = {
            name: _rate(fields, name) for name in ("collar", "halt_band", "maker_fee", "taker_fee")
        }
        try:
            rules = BookRules(
                allocation=Allocation[_word(fields, "allocation", "fifo", Allocation).upper()],
                top_order=_flag(fields, "top_order"),
                min_share=least,
                **rates,
            )
        except ValueError as error:
            raise LineError(str(error)) from error
        self._engine.add_instrument(rules)
        self._grid = _Grid(tick, lot)

    def _new(self, fields: dict[str, Any], grid: _Grid) -> None:
        terms = (
            Side[_word(fields, "side", None, Side).upper()],
            units_of(fields["price"], grid.tick) if "price" in fields else 0,
            units_of(fields.get("qty"), grid.lot),
            _kind(fields, "type", "limit", Type),
            _kind(fields, "tif", "gtc", Tif),
            _kind(fields, "stp", "none", Stp),
            _flag(fields, "post_only"),
            units_of(fields["display_qty"], grid.lot) if "display_qty" in fields else 0,
            units_of(fields["stop_price"], grid.tick) if "stop_price" in fields else 0,
            _time(fields, "expire_at_ns") if "expire_at_ns" in fields else 0,
        )
        account = self._account(fields)
        # Last, so that a line which is no command leaves no text behind.
        self._engine.new(0, self._number(fields), account, *terms)

    def _cancel(self, fields: dict[str, Any], _grid: _Grid) -> None:
        self._engine.cancel(self._number(fields))

    def _cancel_all(self, fields: dict[str, Any], _grid: _Grid) -> None:
        self._engine.cancel_all(0, self._account(fields))

    def _replace(self, fields: dict[str, Any], grid: _Grid) -> None:
        price = units_of(fields["price"], grid.tick) if "price" in fields else KEEP
        qty = units_of(fields["qty"], grid.lot) if "qty" in fields else KEEP
        self._engine.replace(self._number(fields), price, qty)

    def _deposit(self, fields: dict[str, Any], grid: _Grid) -> None:
        is_base = _word(fields, "asset", None, ("base", "quote")) == "base"
        with localcontext(prec=120):
            unit = grid.lot if is_base else grid.tick * grid.lot
        amount = units_of(fields.get("amount"), unit)
        if amount < 0:
            _fail(f"amount must be a positive multiple of {text_of(unit)}")
        code = self._engine.deposit(self._account(fields), _BASE if is_base else _QUOTE, amount)
        if code:
            self._engine.drain()
            _fail("amount is too large")

    def _time(self, fields: dict[str, Any], _grid: _Grid) -> None:
        self._engine.advance(_time(fields, "at_ns"))

    def _end_of_day(self, _fields: dict[str, Any], _grid: _Grid) -> None:
        self._engine.end_of_day(0)

    def _state(self, fields: dict[str, Any], _grid: _Grid) -> None:
        self._engine.set_state(0, State[_word(fields, "state", None, State).upper()])

    # Texts.

    def _number(self, fields: dict[str, Any]) -> int:
        name = fields.get("id")
        if not isinstance(name, str) or not name:
            _fail("id must be a text")
        number = self._numbers.get(name)
        if number is None:
            self._ids += 1
            number = self._ids
            self._numbers[name] = number
            self._names[number] = name
        return number

    def _account(self, fields: dict[str, Any]) -> int:
        name = fields.get("account", "")
        if not isinstance(name, str):
            _fail("account must be a text")
        if name not in self._accounts and len(self._accounts) >= self._accounts_max - 1:
            _fail("too many accounts")
        return self._accounts.setdefault(name, len(self._accounts) + 1)

    def _forget(self, ids: set[int]) -> None:
        for number in sorted(ids):
            if number in self._names and not self._engine.is_open(number):
                del self._numbers[self._names.pop(number)]

    # Events.

    def _drain(self, grid: _Grid) -> Iterator[dict[str, object]]:
        seen: set[int] = set()
        for event in read_events(self._engine.drain()):
            seen |= {event.id, event.other} if event.kind == Kind.TRADE else {event.id}
            shown = self._show(event, grid)
            if shown is not None:
                yield shown
        self._forget(seen)

    def _show(  # noqa: PLR0911 - one return an event
        self, event: Event, grid: _Grid
    ) -> dict[str, object] | None:
        name = self._names.get(event.id)
        match event.kind:
            case Kind.ACCEPTED:
                return {"event": "accepted", "id": name}
            case Kind.REJECTED:
                reason = Reason(event.code)
                return {
                    "event": "rejected",
                    "id": name,
                    "reason": reason.name.lower(),
                    "code": reason.value,
                }
            case Kind.TRADE:
                return {
                    "event": "trade",
                    "maker": name,
                    "taker": self._names.get(event.other),
                    "price": grid.price(event.price),
                    "qty": grid.qty(event.qty),
                }
            case Kind.REPLACED:
                shown: dict[str, object] = {"event": "replaced", "id": name}
                if event.price:
                    shown["price"] = grid.price(event.price)
                return shown | {"qty": grid.qty(event.qty)}
            case Kind.CANCELED | Kind.EXPIRED:
                what = "canceled" if event.kind == Kind.CANCELED else "expired"
                return {"event": what, "id": name, "remaining": grid.qty(event.remaining)}
            case Kind.TRIGGERED:
                return {"event": "triggered", "id": name}
        return None

    def _depth(self, grid: _Grid) -> dict[str, object]:
        sides = [self._engine.depth(0, side, _TIME_MAX) for side in Side]
        bids, asks = (
            [[grid.price(price), grid.qty(lots), count] for price, lots, count in levels]
            for levels in sides
        )
        return {"event": "depth", "bids": bids, "asks": asks}


def _dump(event: dict[str, object]) -> str:
    return json.dumps(event, separators=(",", ":"))


def _word(fields: dict[str, Any], name: str, default: str | None, known: Any) -> str:
    words = [str(getattr(word, "name", word)).lower() for word in known]
    value = fields.get(name, default)
    if not isinstance(value, str) or value not in words:
        _fail(f"{name} must be one of {', '.join(words)}")
    return value


def _kind(fields: dict[str, Any], name: str, default: str, known: Any) -> int:
    value = fields.get(name, default)
    if not isinstance(value, str):
        _fail(f"{name} must be a text")
    return int(known.__members__.get(value.upper(), _UNKNOWN))


def _flag(fields: dict[str, Any], name: str) -> int:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        _fail(f"{name} must be true or false")
    return int(value)


def _time(fields: dict[str, Any], name: str) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _TIME_MAX:
        _fail(f"{name} must be nanoseconds, a whole number")
    return value


def _rate(fields: dict[str, Any], name: str) -> int:
    if name not in fields:
        return 0
    number = read_decimal(fields[name])
    if number is None or number * RATE_ONE != int(number * RATE_ONE):
        _fail(f"{name} must be a fraction of one with at most 8 decimals")
    return int(number * RATE_ONE)
