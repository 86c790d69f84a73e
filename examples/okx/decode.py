"""OKX frames to market events, in Python: some tens of µs a frame where compiled ones take one.

Wire format: https://www.okx.com/docs-v5/en/#order-book-trading-market-data

    {"arg": {"channel": "books", "instId": "BTC-USDT"}, "action": "snapshot", "data": [{
      "asks": [["8476.98", "415", "0", "13"], …], "bids": […], "ts": "1597026383085",
      "checksum": 0, "prevSeqId": -1, "seqId": 123456}]}
    {"arg": …, "action": "update", "data": [{…, "prevSeqId": 123456, "seqId": 123463}]}
    {"arg": {"channel": "bbo-tbt", …}, "data": [{"asks": […], "bids": […], "ts": …, "seqId": …}]}
    {"arg": {"channel": "trades", …}, "data": [{"tradeId": "130639474", "px": "42219.9",
      "sz": "0.12060306", "side": "buy", "ts": "1630048897897"}]}
    {"event": "subscribe", "arg": {…}}    {"event": "error", "code": "60012", "msg": "…"}
"""

from collections.abc import Callable

from connectors.plain_frame import (
    Event,
    Message,
    RefusedError,
    Symbol,
    event,
    loads,
    number,
    side,
    table,
    text,
)
from market.frame import Frame, Kind, Refusal, SymbolTable
from market.grid import Grid

_MS = 1_000_000
_DEPTH, _QUOTE, _TRADE = 1, 2, 3
_CONTROL = {"subscribe": Kind.ACK, "error": Kind.ERROR}
_DIGITS_MAX = 18
#: The last ms whose ns fit 64 bits.
_MS_MAX = (2**63 - 1) // _MS


class OkxDecoder:
    """Decodes one frame at a time into `frame`; the next call overwrites it."""

    def __init__(self, symbols: SymbolTable) -> None:
        self.symbols = symbols
        self.frame = Frame()
        self._native = b""

    def decode(self, data: bytes) -> int:
        """Decode a WebSocket frame; returns the number of events or a market.frame.Refusal."""
        self._native = b""
        try:
            channel, events = self._read(table(loads(data)))
        except RefusedError as error:
            return self.frame.refuse(error.refusal, self._native or None)
        return self.frame.fill(events, channel)

    def _read(self, message: Message) -> tuple[int, list[Event]]:
        if "event" in message:
            return 0, [_event(_CONTROL.get(text(message["event"]), Kind.IGNORED))]
        arg = table(message.get("arg"))
        channel = text(arg.get("channel"))
        self._native = text(arg.get("instId")).encode()
        if channel not in _READERS:
            return 0, [_event(Kind.IGNORED)]
        symbol = self._symbol()
        rows = message.get("data")
        if not isinstance(rows, list):
            raise RefusedError(Refusal.BAD_FIELD)
        number_of, read = _READERS[channel]
        snapshot = message.get("action") == "snapshot"
        return number_of, [read(table(row), symbol, snapshot) for row in rows]

    def _symbol(self) -> Symbol:
        row = self.symbols.row(self._native)
        if row is None:
            raise RefusedError(Refusal.UNKNOWN_SYMBOL)
        return Symbol(row[0], Grid(row[1], row[2]), Grid(row[3], row[4]))


def _event(kind: Kind, **fields: object) -> Event:
    return event(kind, **({"slot": -1, "first": -1, "last": -1, "prev": -1} | fields))


def _books(row: Message, symbol: Symbol, snapshot: bool) -> Event:
    last = _id(row, "seqId")
    return _event(
        Kind.SNAPSHOT if snapshot else Kind.DIFF,
        slot=symbol.slot,
        first=last,
        last=last,
        prev=-1 if snapshot else _id(row, "prevSeqId"),
        ts_event=_time(row),
        bids=side(row.get("bids"), symbol),
        asks=side(row.get("asks"), symbol),
    )


def _quote(row: Message, symbol: Symbol, snapshot: bool) -> Event:  # noqa: ARG001
    last = _id(row, "seqId")
    bids, asks = side(row.get("bids"), symbol), side(row.get("asks"), symbol)
    return _event(
        Kind.QUOTE,
        slot=symbol.slot,
        first=last,
        last=last,
        ts_event=_time(row),
        bid=bids[0] if bids else (0, 0),
        ask=asks[0] if asks else (0, 0),
    )


def _trade(row: Message, symbol: Symbol, snapshot: bool) -> Event:  # noqa: ARG001
    return _event(
        Kind.TRADE,
        slot=symbol.slot,
        last=_whole(row.get("tradeId")),
        ts_event=_time(row),
        # The side is the taker's.
        seller=text(row.get("side")) == "sell",
        bid=(number(row.get("px"), symbol.price), number(row.get("sz"), symbol.size)),
    )


_Reader = Callable[[Message, Symbol, bool], Event]
_READERS: dict[str, tuple[int, _Reader]] = {
    "books": (_DEPTH, _books),
    "bbo-tbt": (_QUOTE, _quote),
    "trades": (_TRADE, _trade),
}


def _id(row: Message, key: str) -> int:
    value = row.get(key)
    if type(value) is not int or not -1 <= value < 10**_DIGITS_MAX:
        raise RefusedError(Refusal.BAD_FIELD)
    return value


def _time(row: Message) -> int:
    """Return the venue's ms, which come as text, as ns."""
    ms = _whole(row.get("ts"))
    if ms > _MS_MAX:
        raise RefusedError(Refusal.BAD_FIELD)
    return ms * _MS


def _whole(value: object) -> int:
    digits = text(value)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX):
        raise RefusedError(Refusal.BAD_FIELD)
    return int(digits)
