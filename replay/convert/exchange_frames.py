"""Events as frames of Coinbase Exchange, whose book messages carry no numbers of the venue.

So nothing is invented to make them: a snapshot, absolute sizes, best quotes, trades. Any other
venue's frames need update ids or a count of the connection's frames, which data formats drop.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from market.inputs import Input, InputKind

from .errors import DirectionError
from .event import Event, EventKind, Level

VENUE = "coinbase-exchange"

_NUMBER = re.compile(r"[1-9]\d{0,17}", re.ASCII)
_MAKER = {"buy": "sell", "sell": "buy"}


class ExchangeFrames:
    """Turns events into inputs, a connection an instrument; `left_out` counts what none says."""

    def __init__(self) -> None:
        self.left_out: Counter[str] = Counter()
        self._opened: dict[str, int] = {}

    def inputs(self, events: Iterable[Event]) -> Iterator[Input]:
        """Yield the inputs; raises DirectionError for an instrument of another venue."""
        for event in events:
            if event.venue != VENUE:
                raise DirectionError(
                    f"a recording needs {event.venue}'s frames with its sequence numbers, and the"
                    f" source has neither: only {VENUE} sends books without them"
                )
            if event.symbol not in self._opened:
                yield self._open(event)
            if event.kind is EventKind.LOST:
                # Only a new connection says that what was known is void.
                source = self._source(event.symbol)
                yield Input(event.ts_recv, InputKind.CLOSE, source, note=event.text)
                yield self._open(event)
                continue
            frame = self._frame(event)
            if frame is not None:
                data = json.dumps(frame, separators=(",", ":")).encode()
                yield Input(event.ts_recv, InputKind.FRAME, self._source(event.symbol), data)

    def _source(self, symbol: str) -> str:
        return f"{VENUE}.{symbol}#{self._opened[symbol]}"

    def _open(self, event: Event) -> Input:
        self._opened[event.symbol] = self._opened.get(event.symbol, 0) + 1
        source = self._source(event.symbol)
        return Input(event.ts_recv, InputKind.OPEN, source, note="imported")

    def _frame(self, event: Event) -> dict[str, object] | None:
        """Return the message of an event, None where there is none."""
        head: dict[str, object] = {"product_id": event.symbol}
        if event.ts_event:
            head["time"] = _moment(event.ts_event)
        if event.kind is EventKind.SNAPSHOT:
            rows = {"bids": _lists(event.bids), "asks": _lists(event.asks)}
            return {"type": "snapshot", **head, **rows}
        if event.kind is EventKind.UPDATE:
            changes = [["buy", *level] for level in event.bids]
            changes += [["sell", *level] for level in event.asks]
            return {"type": "l2update", **head, "changes": changes}
        if event.kind is EventKind.TRADE:
            return self._match(event, head)
        if not event.bids or not event.asks:
            self.left_out["one-sided quote"] += 1
            return None
        quote: dict[str, object] = {"type": "ticker", **head, "price": event.bids[0][0]}
        for side, (price, size) in (("bid", event.bids[0]), ("ask", event.asks[0])):
            quote[f"best_{side}"] = price
            if size != "0":
                quote[f"best_{side}_size"] = size
        return quote

    def _match(self, event: Event, head: dict[str, object]) -> dict[str, object] | None:
        if event.side not in _MAKER:
            self.left_out["trade without a side"] += 1
            return None
        price, size = event.bids[0]
        match = {"type": "match", **head, "side": _MAKER[event.side], "size": size, "price": price}
        if _NUMBER.fullmatch(event.text):
            match["trade_id"] = int(event.text)
        return match


def _lists(levels: tuple[Level, ...]) -> list[list[str]]:
    return [list(level) for level in levels]


def _moment(ts: int) -> str:
    seconds, rest = divmod(ts, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
