"""What the ccxt process says, as `OrderEvent`s and balances: ccxt's unified rows, all texts.

https://docs.ccxt.com/#/README?id=order-structure: the process has ccxt keep every number as the
venue's own text, so that no amount was ever a float. `info` is the venue's row.

```json
{"id":"33","clientOrderId":"cq7-1","timestamp":1507725176595,"price":"49000.01","amount":"0.50001",
 "filled":"0.1","status":"open","trades":[],"info":{"orderId":33}}
{"id":"56","order":"33","timestamp":1507725176595,"takerOrMaker":"maker","price":"49000.01",
 "amount":"0.1","fee":{"currency":"USDT","cost":"4.9"}}
```
"""

from collections.abc import Iterator

from connectors.orders import REASON_MAX, Balance, amount, listed, number
from connectors.venue_orders import Row
from market.instrument import Instrument
from market.order import OrderEvent, OrderEventKind
from market.rows import RowError, table, text

Kind = OrderEventKind

_KINDS = {
    "open": Kind.STATUS,
    # On its way out: until it is gone it may be filled.
    "canceling": Kind.STATUS,
    "closed": Kind.FILLED,
    "canceled": Kind.CANCELED,
    "expired": Kind.EXPIRED,
    "rejected": Kind.REJECTED,
}
_REASONS = ("reject_reason", "expiryReason", "done_reason")
_TIME_MAX_MS = 10**14


def standing(row: Row, instrument: Instrument, order: int, query: int = 0) -> OrderEvent:
    """Return where an order stands: STATUS while it is open, else its end; raises ValueError."""
    status = text(row, "status")
    if status not in _KINDS:
        raise RowError(f"status: {status[:40]}")
    event = OrderEvent(
        _KINDS[status],
        order,
        time_ns(row.get("lastUpdateTimestamp") or row.get("timestamp")),
        cumulative=instrument.size.parse(number(row.get("filled"))),
        venue_id=text(row, "id"),
        reason=_reason(row.get("info")),
        query=query,
    )
    if event.kind is not Kind.STATUS:
        return event
    price = row.get("price")
    return event._replace(
        price=0 if price is None else instrument.price.parse(number(price)),
        lots=instrument.size.parse(number(row.get("amount"))),
        reason="",
    )


def fill(row: Row, instrument: Instrument, order: int, stamp: int = 0) -> OrderEvent:
    """Return the fill that a trade is; `stamp` is its time where the row has none."""
    fee = row.get("fee")
    paid = table(fee, "fee") if fee is not None else {}
    has_fee = paid.get("cost") is not None
    return OrderEvent(
        Kind.FILL,
        order,
        time_ns(row.get("timestamp")) or stamp,
        instrument.price.parse(number(row.get("price"))),
        instrument.size.parse(number(row.get("amount"))),
        trade_id=text(row, "id"),
        fee=amount(paid["cost"]) if has_fee else 0,
        fee_asset=text(paid, "currency") if has_fee else "",
        maker=row.get("takerOrMaker") == "maker",
    )


def balances(row: Row) -> Iterator[Balance]:
    """Yield the balances of `{"BTC": ["0.5", "0.1"]}`, free and locked; raises ValueError."""
    for asset, pair in row.items():
        held = listed(pair)
        if len(held) != 2:
            raise RowError(f"balance: {len(held)} amounts")
        yield Balance(asset, amount(held[0]), amount(held[1]))


def time_ns(value: object) -> int:
    """Return ns of a time in ms, 0 for none; raises RowError."""
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _TIME_MAX_MS:
        raise RowError("expected a time in ms")
    return value * 1_000_000


def _reason(info: object) -> str:
    found = info if isinstance(info, dict) else {}
    words = (found.get(key) for key in _REASONS)
    return next((one[:REASON_MAX] for one in words if isinstance(one, str)), "")
