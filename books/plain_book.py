"""The plain twin of books.book.Book: the same state machine over a PlainLadder, to be read.

It takes events as the dictionaries of market.frame.Frame.event, and has the same counters.
"""

from dataclasses import dataclass
from typing import Any

from books.grade import Grade
from books.plain_ladder import Level, PlainLadder
from books.sequence import SequenceRule, Verdict
from books.state import BookNotLiveError, Cause, Reason, State, move
from market.frame import Kind

TOUCH, STATE, WANTS_SNAPSHOT, DEPTH = 1, 2, 4, 8
ALL = TOUCH | STATE | DEPTH

PENDING_MAX = 64
BUFFER_DIFFS_MAX = 16_384
BUFFER_LEVELS_MAX = 524_288
TICKER_PATIENCE_NS = 2_000_000_000
CUTS = (100, 500, 1000, 5000)

Event = dict[str, Any]
Touch = tuple[int, int, int, int]
NOTHING: Touch = (0, 0, 0, 0)


@dataclass(slots=True)
class Pending:
    """A comparison of a touch with the best quotes which a later quote may still refine."""

    id: int
    touch: Touch
    compared: bool
    agrees: bool


@dataclass
class Counters:
    """What a book counts."""

    diffs: int = 0
    stale: int = 0
    applied: int = 0
    gaps: int = 0
    crossed: int = 0
    reference_checks: int = 0
    reference_mismatches: int = 0
    absent: int = 0
    changes: int = 0
    snapshots: int = 0
    snapshots_ignored: int = 0
    overflows: int = 0
    condemned: int = 0


class PlainBook:
    """A mirror of one venue book; it can be read only while it is live."""

    def __init__(self, slot: int, rule: SequenceRule) -> None:
        self.slot = slot
        self.rule = rule
        # The two rules of Binance know update ids, the base type does not.
        self.in_stream = type(rule) is SequenceRule
        self.counters = Counters()
        self.state = State.EMPTY
        self.reason = Reason.EMPTY
        self.version = 0
        self.last_sequence = -1
        self.acknowledged = False
        self.refreshing = False
        self.loaded = False
        self.fresh = False
        self.ladder = PlainLadder()
        self.buffer: list[Event] = []
        self.trail: list[tuple[int, Touch]] = []
        self.pending: list[Pending] = []
        self.depth = self.quote = self.touch = NOTHING
        self.from_quote = False
        self.quote_id = -1
        self.doubted: tuple[int, int] | None = None
        self.edges: tuple[int, int] = (0, 0)
        self.rooms: tuple[int, int] = (0, 0)

    # --- moves ---------------------------------------------------------------------------------

    def _move(self, cause: Cause, reason: Reason) -> None:
        self.state = State(move(self.state, cause))
        self.reason = reason
        self.version += 1

    def condemn(self, reason: Reason) -> int:
        """Make the book unreadable and start over; what was buffered is forgotten."""
        if self.state is State.EMPTY:
            return 0
        self._move(Cause.CONDEMN, reason)
        self.counters.condemned += 1
        self.ladder.clear()
        self.buffer.clear()
        self.pending.clear()
        self.loaded = self.refreshing = False
        self.doubted = None
        self.depth = NOTHING
        self._publish()
        return ALL

    def _drop(self, reason: Reason) -> int:
        """Condemn what is held; a book that holds nothing only changes its reason."""
        self.trail.clear()
        self.quote, self.quote_id = NOTHING, -1
        if self.state in (State.LIVE, State.DOUBTED) or self.loaded or self.buffer:
            return self.condemn(reason)
        if self.state is State.BUFFERING:
            self.reason = reason
        return 0

    def subscribe(self) -> None:
        """Buffer from the first frame on."""
        if self.state is State.EMPTY:
            self._move(Cause.SUBSCRIBE, Reason.NO_SNAPSHOT)

    def unsubscribe(self) -> None:
        """Forget everything but the counters."""
        if self.state is not State.EMPTY:
            self._drop(Reason.EMPTY)
            self._move(Cause.UNSUBSCRIBE, Reason.EMPTY)

    def disconnect(self) -> int:
        """Nothing of this connection counts any more."""
        self.acknowledged = False
        return self._drop(Reason.DISCONNECTED)

    def doubt(self) -> int:
        """A frame could not be read: unreadable until the next diff fits."""
        if self.state not in (State.LIVE, State.DOUBTED):
            return 0
        self._move(Cause.DOUBT, Reason.UNREADABLE_FRAME)
        return STATE | TOUCH

    def begin_refresh(self) -> None:
        """Keep the diffs that come until a fresh snapshot is there."""
        if self.state is State.LIVE and not self.refreshing:
            self.refreshing = True
            self.buffer.clear()

    def cancel_refresh(self) -> None:
        """The fresh snapshot did not come."""
        if self.refreshing:
            self.refreshing = False
            self.buffer.clear()

    # --- events --------------------------------------------------------------------------------

    def on(self, event: Event, ts: int) -> int:
        """Take a diff, snapshot or quote; returns change bits."""
        if event["kind"] == Kind.QUOTE:
            return self._on_quote(event, ts)
        if event["kind"] == Kind.DIFF:
            return self._on_diff(event)
        return self._on_snapshot(event) if event["kind"] == Kind.SNAPSHOT else 0

    def _judge(self, held: int, fresh: bool, diff: Event) -> Verdict:
        return Verdict(self.rule.judge(held, fresh, diff["first"], diff["last"], diff["prev"]))

    def _on_diff(self, diff: Event) -> int:
        self.counters.diffs += 1
        changed = 0
        if self.state in (State.LIVE, State.DOUBTED):
            verdict = self._judge(self.last_sequence, self.fresh, diff)
            if verdict is Verdict.STALE:
                self.counters.stale += 1
                # It tells the lag of a stream that the snapshot has overtaken.
                return DEPTH if self.fresh else 0
            if verdict is Verdict.APPLY:
                return self._on_next_diff(diff)
            changed = self._gap()
        if self.state is State.EMPTY or self.in_stream:
            self.counters.stale += 1
            return changed
        return changed | self._keep(diff)

    def _on_next_diff(self, diff: Event) -> int:
        changed = 0
        if self.state is State.DOUBTED:
            self._move(Cause.PROVED, Reason.NONE)
            changed = STATE
        changed |= self._apply(diff)
        if self.refreshing and not self._push(diff):
            self.counters.overflows += 1
            self.refreshing = False
            self.buffer.clear()
        return changed

    def _gap(self) -> int:
        self.counters.gaps += 1
        return self.condemn(Reason.GAP)

    def _push(self, diff: Event) -> bool:
        held = sum(len(kept["bids"]) + len(kept["asks"]) for kept in self.buffer)
        more = len(diff["bids"]) + len(diff["asks"])
        if len(self.buffer) >= BUFFER_DIFFS_MAX or held + more > BUFFER_LEVELS_MAX:
            return False
        self.buffer.append(diff)
        return True

    def _keep(self, diff: Event) -> int:
        """Buffer a diff until the snapshot is there."""
        changed = 0
        if self.buffer:
            newest = self.buffer[-1]["last"]
            verdict = self._judge(newest, False, diff)
            if verdict is Verdict.STALE:
                self.counters.stale += 1
                return 0
            if verdict is Verdict.GAP:
                self.last_sequence = newest
                changed = self._gap()
        if not self._push(diff):
            self.counters.overflows += 1
            changed |= self.condemn(Reason.OVERFLOW)
            self._push(diff)
        return changed | (self._drain() if self.loaded else WANTS_SNAPSHOT)

    def _on_snapshot(self, snapshot: Event) -> int:
        if self.in_stream and self.state is not State.EMPTY:
            return self._replace(snapshot)
        if not self.in_stream and self.state is State.BUFFERING:
            return self._fit(snapshot)
        if self.refreshing:
            return self._refresh(snapshot)
        self.counters.snapshots_ignored += 1
        return 0

    def _load(self, snapshot: Event) -> None:
        self.ladder.load(snapshot["bids"], snapshot["asks"])
        self.counters.snapshots += 1
        self.last_sequence, self.fresh = snapshot["last"], True
        self._read_depth()
        self._set_edges(snapshot)

    def _replace(self, snapshot: Event) -> int:
        self._load(snapshot)
        if self._is_crossed():
            return self.condemn(Reason.CROSSED)
        self._move(Cause.FITS, Reason.NONE)
        self._publish()
        return ALL

    def _fit(self, snapshot: Event) -> int:
        """Place a fetched snapshot before the buffered diffs, if it reaches them."""
        verdicts = (self._judge(snapshot["last"], True, diff) for diff in self.buffer)
        first = next((v for v in verdicts if v is not Verdict.STALE), Verdict.STALE)
        if first is Verdict.GAP:
            self.counters.snapshots_ignored += 1
            self.reason = Reason.SNAPSHOT_TOO_OLD
            return WANTS_SNAPSHOT
        self._load(snapshot)
        self.loaded = True
        if not self.buffer and not self.acknowledged:
            # Whether the stream was on when the snapshot was made is for the first diff to say.
            self.reason = Reason.AWAITING_DIFF
            return 0
        return self._drain()

    def _drain(self) -> int:
        """The snapshot is loaded: apply what was buffered."""
        if self._is_crossed():
            return self.condemn(Reason.CROSSED) | WANTS_SNAPSHOT
        while self.buffer:
            verdict = self._judge(self.last_sequence, self.fresh, self.buffer[0])
            if verdict is Verdict.GAP:
                self.ladder.clear()
                self.loaded = False
                self.reason = Reason.SNAPSHOT_TOO_OLD
                return WANTS_SNAPSHOT
            diff = self.buffer.pop(0)
            if verdict is Verdict.STALE:
                self.counters.stale += 1
                continue
            changed = self._apply(diff)
            if changed & STATE:
                return changed | WANTS_SNAPSHOT
        self.loaded = False
        self._move(Cause.FITS, Reason.NONE)
        self._publish()
        return ALL

    def _refresh(self, snapshot: Event) -> int:
        """Build a second book aside, and take it when it caught up."""
        aside = PlainLadder()
        aside.load(snapshot["bids"], snapshot["asks"])
        at, fresh = snapshot["last"], True
        for diff in self.buffer:
            verdict = self._judge(at, fresh, diff)
            if verdict is Verdict.GAP:
                self.counters.snapshots_ignored += 1
                return WANTS_SNAPSHOT
            if verdict is Verdict.APPLY:
                aside.update(diff["bids"], diff["asks"])
                at, fresh = diff["last"], False
        if at < self.last_sequence:
            self.counters.snapshots_ignored += 1
            return WANTS_SNAPSHOT
        self.ladder = aside
        self.counters.snapshots += 1
        self.refreshing = False
        self.buffer.clear()
        self.last_sequence, self.fresh = at, fresh
        self._read_depth()
        if self._is_crossed():
            return self.condemn(Reason.CROSSED)
        self._set_edges(snapshot)
        self.version += 1
        return self._publish() | DEPTH

    def _on_quote(self, quote: Event, ts: int) -> int:
        touch = (*quote["bid"], *quote["ask"])
        if self.in_stream:
            self.quote = touch
            return self._compare_ticker(ts)
        if quote["last"] <= self.quote_id:
            return 0
        self.quote_id, self.quote = quote["last"], touch
        self.trail.append((self.quote_id, touch))
        if self._settle_references():
            return self._condemn_reference()
        return self._publish()

    # --- applying ------------------------------------------------------------------------------

    def _apply(self, diff: Event) -> int:
        self.counters.absent += self.ladder.update(diff["bids"], diff["asks"])
        self.counters.applied += 1
        self.counters.changes += len(diff["bids"]) + len(diff["asks"])
        self.version += 1
        self.last_sequence, self.fresh = diff["last"], False
        self._read_depth()
        if self._is_crossed():
            self.counters.crossed += 1
            return self.condemn(Reason.CROSSED)
        if not self.in_stream and self._check_reference():
            return self._condemn_reference()
        return self._publish() | DEPTH

    def _condemn_reference(self) -> int:
        self.counters.reference_mismatches += 1
        return self.condemn(Reason.REFERENCE)

    def _read_depth(self) -> None:
        self.depth = (*(self.ladder.best(False) or (0, 0)), *(self.ladder.best(True) or (0, 0)))

    def _is_crossed(self) -> bool:
        bid, bid_lots, ask, ask_lots = self.depth
        return bid > ask and bid_lots != 0 and ask_lots != 0

    def _check_reference(self) -> bool:
        """Compare with the newest quote at or below the book's id; True condemns."""
        until = [row for row in self.trail if row[0] <= self.last_sequence]
        quote = until[-1] if until else None
        self.trail = until[-1:] + self.trail[len(until) :]
        if len(self.pending) == PENDING_MAX:
            self._finish_reference()
        agrees = quote is not None and quote[1] == self.depth
        self.pending.append(Pending(self.last_sequence, self.depth, quote is not None, agrees))
        self.counters.reference_checks += quote is not None
        if len(self.trail) > len(until[-1:]):
            # A quote ahead of the book is there already: none at or below it can follow.
            self._finish_reference()
        return quote is not None and not agrees and quote[0] == self.last_sequence

    def _settle_references(self) -> bool:
        """A quote arrived: refine the comparisons that it may belong to; True condemns."""
        while self.pending and self.pending[0].id < self.quote_id:
            self._finish_reference()
        for row in self.pending:
            self.counters.reference_checks += not row.compared
            row.compared = True
            row.agrees = row.touch == self.quote
            if row.id == self.quote_id and not row.agrees:
                return True
        return False

    def _finish_reference(self) -> None:
        row = self.pending.pop(0)
        self.counters.reference_mismatches += row.compared and not row.agrees

    def _compare_ticker(self, ts: int) -> int:
        """A ticker without ids: a mismatch lowers the grade, a lasting one condemns."""
        if self.state is not State.LIVE:
            return 0
        self.counters.reference_checks += 1
        bid, bid_lots, ask, ask_lots = self.quote
        prices = (bid, ask) == (self.depth[0], self.depth[2])
        if prices and bid_lots in (0, self.depth[1]) and ask_lots in (0, self.depth[3]):
            doubted, self.doubted = self.doubted, None
            return TOUCH if doubted else 0
        self.counters.reference_mismatches += 1
        if self.doubted is None:
            self.doubted = (max(ts, 1), self.version)
            return TOUCH
        since, version = self.doubted
        if ts - since > TICKER_PATIENCE_NS and self.version > version:
            return self.condemn(Reason.REFERENCE)
        return 0

    def _publish(self) -> int:
        """Choose the touch: the newer, by venue id, of depth and best quote."""
        newer = self.quote_id > self.last_sequence
        self.from_quote = not self.in_stream and self.state is State.LIVE and newer
        touch = self.quote if self.from_quote else self.depth
        changed = touch != self.touch
        self.touch = touch
        return TOUCH if changed else 0

    # --- horizon and reading -------------------------------------------------------------------

    def _set_edges(self, snapshot: Event) -> None:
        """Remember how far a cut snapshot vouches for depth."""
        bids, asks = snapshot["bids"], snapshot["asks"]
        bid = min(ticks for ticks, _ in bids) if len(bids) in CUTS else 0
        ask = max(ticks for ticks, _ in asks) if len(asks) in CUTS else 0
        self.edges = (bid, ask)
        self.rooms = (self.depth[0] - bid, ask - self.depth[2])

    @property
    def horizon(self) -> tuple[int | None, int | None]:
        """(lowest bid, highest ask) that the snapshot vouches for, None where it was whole."""
        return self.edges[0] or None, self.edges[1] or None

    @property
    def grade(self) -> Grade:
        """What the book itself knows against its quote."""
        if self.state is not State.LIVE:
            return Grade.NOT_LIVE
        bid, bid_lots, ask, ask_lots = self.touch
        grade = Grade.REFERENCE if self.doubted else Grade.GOOD
        if bid_lots == 0 or ask_lots == 0:
            grade |= Grade.ONE_SIDED
        elif bid >= ask:
            grade |= Grade.LOCKED if bid == ask else Grade.CROSSED
        left = (self.depth[0] - self.edges[0], self.edges[1] - self.depth[2])
        for edge, room, rest in zip(self.edges, self.rooms, left, strict=True):
            if edge and 4 * rest < room:
                grade |= Grade.HORIZON
            if edge and rest < 0:
                grade |= Grade.BEYOND_HORIZON
        return grade

    def levels(self, ask: bool) -> list[Level]:
        """Return the levels, best first; raises when not live."""
        if self.state is not State.LIVE:
            raise BookNotLiveError(f"book {self.slot}: {self.reason.label}")
        return self.ladder.levels(ask)
