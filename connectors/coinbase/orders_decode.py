"""Coinbase Advanced Trade: rows of the `user` channel and of REST as what they say of an order.

```json
{"order_id":"52cf…","client_order_id":"cq-7","product_id":"BTC-USD","status":"OPEN","avg_price":"50000",
 "cumulative_quantity":"0.1","filled_value":"5000","total_fees":"30","post_only":"true","cancel_reason":""}
```
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from connectors.orders import REASON_MAX, Balance, amount, iso_ns, listed, number
from connectors.venue_orders import Row
from market.amount import AMOUNT_DECIMALS
from market.grid import Grid, OffGridError
from market.instrument import Instrument
from market.order import OrderEvent, OrderEventKind
from market.rows import RowError, table, text

Kind = OrderEventKind

_ONE = 10**AMOUNT_DECIMALS
_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)
_OPEN = ("OPEN", "PENDING", "QUEUED", "CANCEL_QUEUED", "EDIT_QUEUED")
_ENDS = {
    "FILLED": Kind.FILLED,
    "CANCELLED": Kind.CANCELED,
    "EXPIRED": Kind.EXPIRED,
    "FAILED": Kind.REJECTED,
}
#: What stands where the venue gives no reason.
_NO_REASON = ("", "NONE", "REJECT_REASON_UNSPECIFIED")


class Progress(NamedTuple):
    """How far an order is filled: base, quote and fees in units of 10**-AMOUNT_DECIMALS.

    `trades` is the number of fills. All but the size are None where they are not known.
    """

    size: int = 0
    value: int | None = 0
    fees: int | None = 0
    trades: int | None = 0


class Standing(NamedTuple):
    """Where an order stands by one row. `kind` is STATUS while it is open."""

    kind: OrderEventKind
    stamp: int
    venue_id: str
    progress: Progress
    maker: bool
    reason: str


class Fill(NamedTuple):
    """One fill of REST: price in ticks, size and fee in units of 10**-AMOUNT_DECIMALS."""

    stamp: int
    price: int
    size: int
    fee: int
    maker: bool


def units(grid: Grid, value: int) -> int:
    """Return an amount of 10**-AMOUNT_DECIMALS as ticks or lots; raises OffGridError."""
    found, rest = divmod(value * 10**grid.decimals, _ONE * grid.step)
    if rest:
        raise OffGridError(f"{value} is not a multiple of {grid.increment}")
    return int(found)


def user_row(row: Row, stamp: int) -> Standing:
    """Read an order of the `user` channel; raises ValueError."""
    return _standing(
        row, stamp, "cumulative_quantity", "avg_price", row.get("post_only") in ("true", True)
    )


def order_row(row: Row) -> Standing:
    """Read an order of REST; raises ValueError."""
    _, fields = configuration(row)
    stamp = iso_ns(row.get("last_fill_time") or row.get("created_time"))
    maker = fields.get("post_only") is True
    return _standing(row, stamp, "filled_size", "average_filled_price", maker)


def _standing(row: Row, stamp: int, size_key: str, price_key: str, maker: bool) -> Standing:
    status = text(row, "status")
    kind = Kind.STATUS if status in _OPEN else _ENDS.get(status)
    if kind is None:
        raise RowError(f"status: {status}")
    size, fees = amount(row.get(size_key)), amount(row.get("total_fees"))
    if size < 0:
        raise RowError(f"{size_key}: negative")
    words = [row.get(key) for key in ("reject_reason", "cancel_reason", "cancel_message")]
    reason = next((w for w in words if isinstance(w, str) and w not in _NO_REASON), "")
    progress = Progress(size, _value(row, size, price_key), fees, _trades(row))
    return Standing(
        kind, stamp, text(row, "order_id"), progress, maker, reason[:REASON_MAX] if reason else ""
    )


def _value(row: Row, size: int, price_key: str) -> int | None:
    """Return what was paid for `size`; None where the row does not say so exactly."""
    if "filled_value" in row:
        return amount(row["filled_value"])
    value, rest = divmod(amount(row.get(price_key)) * size, _ONE)
    return None if rest else value


def _trades(row: Row) -> int | None:
    value = row.get("number_of_fills")
    return int(value) if isinstance(value, str) and _COUNT.fullmatch(value) else None


def configuration(row: Row) -> tuple[str, Row]:
    """Return name and fields of an order's configuration; raises RowError."""
    found = table(row.get("order_configuration"), "order_configuration")
    if len(found) != 1:
        raise RowError("order_configuration: expected one")
    name, fields = next(iter(found.items()))
    return name, table(fields, name)


def status(row: Row, standing: Standing, instrument: Instrument, order: int) -> OrderEvent:
    """Return STATUS with price and whole size of an open order of REST; raises ValueError."""
    _, fields = configuration(row)
    return told(standing, instrument, order)._replace(
        price=instrument.price.parse(number(fields.get("limit_price"))),
        lots=instrument.size.parse(number(fields.get("base_size"))),
    )


def told(standing: Standing, instrument: Instrument, order: int) -> OrderEvent:
    """Return the event of where an order stands, without its price and size."""
    return OrderEvent(
        standing.kind,
        order,
        standing.stamp,
        cumulative=units(instrument.size, standing.progress.size),
        venue_id=standing.venue_id,
        reason="" if standing.kind is Kind.STATUS else standing.reason,
    )


def step(
    before: Progress, standing: Standing, instrument: Instrument, order: int
) -> OrderEvent | None:
    """Return the fill that leads from one progress to the next.

    None where it is not one fill, as far as the row says: no single price explains several.
    """
    after = standing.progress
    if before.trades is not None and after.trades is not None and after.trades != before.trades + 1:
        return None
    if before.value is None or after.value is None or before.fees is None or after.fees is None:
        return None
    size = after.size - before.size
    grid = instrument.price
    price, rest = divmod((after.value - before.value) * 10**grid.decimals, size * grid.step)
    if rest or price <= 0:
        return None
    return OrderEvent(
        Kind.FILL,
        order,
        standing.stamp,
        price,
        units(instrument.size, size),
        cumulative=units(instrument.size, after.size),
        fee=after.fees - before.fees,
        fee_asset=instrument.quote,
        maker=standing.maker,
        venue_id=standing.venue_id,
    )


def fill_row(row: Row, instrument: Instrument, venue_id: str) -> Fill | None:
    """Read a fill of REST; None for one of another order or of another kind; ValueError."""
    if row.get("order_id") != venue_id or row.get("trade_type", "FILL") != "FILL":
        return None
    if row.get("size_in_quote") is True:
        raise RowError("size_in_quote: expected a size in base")
    size = amount(row.get("size"))
    if size <= 0:
        raise RowError("size: expected one over zero")
    return Fill(
        iso_ns(row.get("trade_time")),
        instrument.price.parse(number(row.get("price"))),
        size,
        amount(row.get("commission")),
        row.get("liquidity_indicator") == "MAKER",
    )


def steps(
    before: Progress, rows: list[Fill], instrument: Instrument, order: int, venue_id: str
) -> tuple[list[OrderEvent], Progress]:
    """Return the fills beyond a progress, oldest first, and the progress that they lead to.

    `rows` are all fills of the order, newest first, as the venue lists them. Of a fill that is told
    in part, by a row that came between, the rest is told at its own price.
    """
    events: list[OrderEvent] = []
    size = value = fees = 0
    grid = instrument.price
    # Of one time, the last listed is the oldest.
    oldest_first = list(reversed(rows))
    oldest_first.sort(key=lambda one: one.stamp)
    for row in oldest_first:
        begin, size = size, size + row.size
        fees += row.fee
        value += row.price * grid.step * row.size // 10**grid.decimals
        if size <= before.size:
            continue
        partly = begin < before.size and before.fees is not None
        events.append(
            OrderEvent(
                Kind.FILL,
                order,
                row.stamp,
                row.price,
                units(instrument.size, size - max(begin, before.size)),
                cumulative=units(instrument.size, size),
                fee=fees - (before.fees or 0) if partly else row.fee,
                fee_asset=instrument.quote,
                maker=row.maker,
                venue_id=venue_id,
            )
        )
    return events, Progress(size, value, fees, len(rows)) if size >= before.size else before


def balances(rows: list[object]) -> Iterator[Balance]:
    """Yield the balances of a page of accounts; raises ValueError."""
    for value in rows:
        row = table(value, "account")
        free, held = (
            amount(table(row.get(key), key).get("value")) for key in ("available_balance", "hold")
        )
        yield Balance(text(row, "currency"), free, held)


def refusal_words(row: Row) -> str:
    """Return why a reply says no: the first word that says anything, and the message.

    New orders say it in `error_response`, edits in `errors`, refused requests at the top.
    """
    parts: list[Row] = [row]
    if isinstance(row.get("error_response"), dict):
        parts.insert(0, row["error_response"])
    if "errors" in row:
        parts = [one for one in listed(row, "errors") if isinstance(one, dict)] + parts
    found = ""
    for part in parts:
        for key in _REASONS:
            word = part.get(key)
            if not found and isinstance(word, str) and word not in _NOT_SAID:
                found = word
        message = part.get("message")
        if found and isinstance(message, str) and message:
            return f"{found} {message}"[:REASON_MAX]
    return found[:REASON_MAX] or "UNKNOWN_FAILURE_REASON"


_NOT_SAID = (
    "",
    "UNKNOWN_FAILURE_REASON",
    "UNKNOWN_CANCEL_FAILURE_REASON",
    "UNKNOWN_PREVIEW_FAILURE_REASON",
)
_REASONS = (
    "new_order_failure_reason",
    "edit_failure_reason",
    "preview_failure_reason",
    "failure_reason",
    "error",
    "id",
)
