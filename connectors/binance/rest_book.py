"""Binance's REST depth as an audit compares it.

https://developers.binance.com/docs/binance-spot-api-docs/rest-api: `lastUpdateId` is an id of the
diff stream; a side of fewer rows than the limit is whole.
"""

from books.audit_reply import BadReplyError, RestBook
from connectors.binance.decode import BinanceDecoder
from market.frame import Kind, Refusal
from market.grid import OffGridError


def read(decoder: BinanceDecoder, data: bytes, native: str, limit: int) -> RestBook:
    """Read a reply to a request for `limit` levels; raises BadReplyError, OffGridError."""
    count = decoder.decode_snapshot(data, native.encode())
    if count == Refusal.OFF_GRID:
        raise OffGridError(f"{native}: the reply is finer than the grids")
    if count < 0:
        raise BadReplyError(Refusal(count).name.lower())
    if count == 0 or decoder.frame.kind(0) != Kind.SNAPSHOT:
        raise BadReplyError("not_a_book")
    event = decoder.frame.event(0)
    bids, asks = event["bids"], event["asks"]
    return RestBook.of(event["last"], bids, asks, (len(bids) < limit, len(asks) < limit))
