"""The plain twin of the tape: the same public events and news, written to be read."""

from collections.abc import Sequence

from engine.code import Kind
from engine.core import Engine
from engine.record import Event as EngineEvent
from engine.record import read_events
from sim.market.event import Event, LevelChange, Print, Side, Touch

from .news import LINES_MAX, News

_QUIET = (Kind.BOOK, Kind.STATE)


class PlainTape:
    """The public tape of an engine's books; everything is as with `Tape`."""

    def __init__(
        self,
        engine: Engine,
        names: Sequence[str],
        update_ids: Sequence[int],
        trade_ids: Sequence[int],
    ) -> None:
        self._engine = engine
        self._names = list(names)
        self._update_ids = list(update_ids)
        self._trade_ids = list(trade_ids)
        self._touches: list[Touch | None] = [None] * len(names)
        self._events: list[Event] = []
        self._news: list[News] = []
        self._last_id = 0
        self.dropped = 0

    @property
    def pending(self) -> int:
        """Public events that wait to be taken."""
        return len(self._events)

    def tracked_id(self) -> int:
        """Return the id of the next tracked order."""
        self._last_id = (self._last_id + 1) | 1
        return self._last_id

    def untracked_id(self) -> int:
        """Return the id of the next order that nobody asks about."""
        self._last_id += 2 - (self._last_id & 1)
        return self._last_id

    def update_id(self, listing: int) -> int:
        """Return the id of the last change."""
        return self._update_ids[listing]

    def trade_id(self, listing: int) -> int:
        """Return the id of the last trade."""
        return self._trade_ids[listing]

    def read(self) -> int:
        """Take in what the engine has to tell since the last read."""
        last: dict[int, int] = {}  # listing -> place of its last change
        for event in read_events(self._engine.drain()):
            if event.kind == Kind.BOOK:
                last[event.instrument] = len(self._events)
                self._events.append(self._change(event))
            if event.kind == Kind.TRADE:
                self._events.append(self._print(event))
            tracked = event.id & 1 or (event.kind == Kind.TRADE and event.other & 1)
            if tracked and event.kind not in _QUIET:
                trade_id = self._trade_ids[event.instrument] if event.kind == Kind.TRADE else 0
                self._news.append(_news(event, trade_id))
        for listing, at in last.items():
            touch = self._touch(listing)
            change = self._events[at]
            if touch is not None and touch != self._touches[listing]:
                assert isinstance(change, LevelChange)
                self._events[at] = change._replace(touch=touch)
            self._touches[listing] = touch
        if len(self._events) >= LINES_MAX:
            self.dropped += len(self._events)
            self._events = []
        return 0

    def take(self) -> list[Event]:
        """Return the public events since the last call, in order."""
        events, self._events = self._events, []
        return events

    def take_news(self) -> list[News]:
        """Return what happened to tracked orders since the last call, in order."""
        news, self._news = self._news, []
        return news

    def _change(self, event: EngineEvent) -> LevelChange:
        listing = event.instrument
        self._update_ids[listing] += 1
        name, update_id = self._names[listing], self._update_ids[listing]
        side = Side(event.side)
        return LevelChange(event.time, name, update_id, side, event.price, event.remaining, None)

    def _print(self, event: EngineEvent) -> Print:
        self._trade_ids[event.instrument] += 1
        return Print(
            event.time,
            self._names[event.instrument],
            self._trade_ids[event.instrument],
            event.price,
            event.qty,
            event.side == Side.BID,
            event.id,
            event.other,
        )

    def _touch(self, listing: int) -> Touch | None:
        bids, asks = (self._engine.depth(listing, side, 1) for side in Side)
        if not bids or not asks:
            return None
        return Touch(*bids[0][:2], *asks[0][:2])


def _news(event: EngineEvent, trade_id: int) -> News:
    return News(
        event.kind,
        event.time,
        event.id,
        event.other,
        event.price,
        event.qty,
        event.remaining,
        event.other_remaining,
        event.instrument,
        event.side,
        event.code,
        event.flags,
        trade_id,
    )
