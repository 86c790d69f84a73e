"""The mirrored book of one instrument: applies what the sequence rule allows, and knows its doubts.

The state machine is the table of books.state. Hot path: `_on_diff` in LIVE and `_on_quote`.
"""

from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset
from books.buffer cimport Diff, DiffBuffer
from books.ladder cimport Ladder
from books.sequence cimport VERDICT_APPLY, VERDICT_GAP, VERDICT_STALE, SequenceRule
from books.side cimport side_copy
from books.trail cimport QuoteTrail, quote_t
from market.digest cimport Digest
from market.frame cimport (
    KIND_DIFF,
    KIND_QUOTE,
    KIND_SNAPSHOT,
    Frame,
    event_t,
    level_t,
)
from market.scan cimport UNITS_MAX

from books.grade import Grade
from books.state import BookNotLiveError, Cause, Reason, State, move

cdef int EMPTY = State.EMPTY
cdef int BUFFERING = State.BUFFERING
cdef int LIVE = State.LIVE
cdef int DOUBTED = State.DOUBTED

cdef int NOT_LIVE = Grade.NOT_LIVE
cdef int ONE_SIDED = Grade.ONE_SIDED
cdef int LOCKED = Grade.LOCKED
cdef int CROSSED = Grade.CROSSED
cdef int REFERENCE = Grade.REFERENCE
cdef int HORIZON = Grade.HORIZON
cdef int AUDIT = Grade.AUDIT
cdef int BEYOND_HORIZON = Grade.BEYOND_HORIZON

# A ticker without ids that disagrees for longer than this, while the book moves, condemns it.
cdef int64_t TICKER_PATIENCE_NS = 2_000_000_000

# A snapshot of exactly so many levels a side was cut there by the venue.
cdef int _is_cut(int levels) noexcept nogil:
    return levels == 100 or levels == 500 or levels == 1000 or levels == 5000


cdef class Book:
    """A mirror of one venue book. Read it only while it is live: other reads raise.

    `slot` is the instrument's number; `rule` the venue's sequence rule. Counters are public and
    read-only; `last_sequence` is the venue's id of the newest change applied, -1 without one.
    """

    def __cinit__(self, int slot, SequenceRule rule not None):
        self.slot = slot
        self.rule = rule
        self.ladder = Ladder()
        self.buffer = DiffBuffer()
        self.trail = QuoteTrail()
        self.reason = Reason.EMPTY
        self.detail = ""
        self.last_sequence = -1
        self.quote_id = -1

    # --- moves ---------------------------------------------------------------------------------

    cdef int _move(self, object cause, int reason, str detail) except -1:
        self.state = move(self.state, cause)
        self.reason = reason
        self.detail = detail
        self.version += 1
        return CHANGED_STATE

    cdef int _condemn(self, int reason, str detail) except -1:
        """Make the book unreadable and start over; what was buffered is forgotten."""
        self._move(Cause.CONDEMN, reason, detail)
        self.condemned += 1
        self.ladder.clear()
        self.buffer.clear()
        self.loaded = self.refreshing = False
        self.doubted_since = 0
        self.pending_count = 0
        memset(&self.depth, 0, sizeof(touch_t))
        self._publish()
        return CHANGED_STATE | CHANGED_TOUCH | CHANGED_DEPTH

    def subscribe(self):
        """The channel was asked for: buffer from the first frame on."""
        if self.state == EMPTY:
            self._move(Cause.SUBSCRIBE, Reason.NO_SNAPSHOT, "no snapshot yet")

    def unsubscribe(self):
        """The channel is not wanted any more: forget everything but the counters."""
        if self.state != EMPTY:
            self._condemn_if_held(Reason.EMPTY, "unsubscribed")
            self._forget_quotes()
            self._move(Cause.UNSUBSCRIBE, Reason.EMPTY, "unsubscribed")

    def condemn(self, int reason, str detail not None):
        """Make the book unreadable for a reason of books.state.Reason; returns change bits."""
        if self.state == EMPTY:
            return 0
        return self._condemn(reason, detail)

    def disconnect(self, str detail not None):
        """The connection is gone: nothing of this epoch counts any more."""
        self.acknowledged = False
        self._forget_quotes()
        return self._condemn_if_held(Reason.DISCONNECTED, detail)

    cdef void _forget_quotes(self) noexcept:
        self.trail.clear()
        self.quote_id = -1
        memset(&self.quote, 0, sizeof(touch_t))

    def _condemn_if_held(self, int reason, str detail):
        if self.state == LIVE or self.state == DOUBTED or self.loaded or self.buffer.count():
            return self._condemn(reason, detail)
        if self.state == BUFFERING:
            self.reason, self.detail = reason, detail
        return 0

    def doubt(self, str detail not None):
        """A frame of the connection could not be read: unreadable until the next diff fits."""
        if self.state != LIVE and self.state != DOUBTED:
            return 0
        self._move(Cause.DOUBT, Reason.UNREADABLE_FRAME, detail)
        return CHANGED_STATE | CHANGED_TOUCH

    def begin_refresh(self):
        """A fresh snapshot was asked for: keep what comes until it is there. Live books only."""
        if self.state == LIVE and not self.refreshing:
            self.refreshing = True
            self.buffer.clear()

    def cancel_refresh(self):
        """The fresh snapshot did not come: stop keeping diffs for it."""
        if self.refreshing:
            self.refreshing = False
            self.buffer.clear()

    # --- events --------------------------------------------------------------------------------

    cdef int on_event(self, Frame frame, int i, int64_t ts) except -1:
        """Take event `i` of a frame, a diff, snapshot or quote; returns change bits."""
        cdef const event_t *e = &frame.events[i]
        if e.kind == KIND_QUOTE:
            return self._on_quote(e, ts)
        if e.kind == KIND_DIFF:
            return self._on_diff(frame, e, ts)
        if e.kind == KIND_SNAPSHOT:
            return self._on_snapshot(frame, e, ts)
        return 0

    def on(self, Frame frame not None, int i, int64_t ts):
        """`on_event` for Python callers."""
        if not 0 <= i < frame.count:
            raise IndexError(i)
        return self.on_event(frame, i, ts)

    cdef int _on_diff(self, Frame frame, const event_t *e, int64_t ts) except -1:
        cdef int verdict, changed = 0
        self.diffs += 1
        if self.state == LIVE or self.state == DOUBTED:
            verdict = self.rule.check(self.last_sequence, self.fresh, e)
            if verdict == VERDICT_STALE:
                self.stale += 1
                return self._overtake(e, ts)
            if verdict == VERDICT_APPLY:
                if self.state == DOUBTED:
                    changed = self._move(Cause.PROVED, Reason.NONE, "")
                changed |= self._apply(
                    e, &frame.bids[e.bid_from], e.bid_to - e.bid_from,
                    &frame.asks[e.ask_from], e.ask_to - e.ask_from, ts,
                )
                if self.refreshing and not self.buffer.push(frame, e):
                    self.overflows += 1
                    self.refreshing = False
                    self.buffer.clear()
                return changed
            changed = self._gap(e)
        if self.state == EMPTY or self.rule.in_stream:
            # Before its snapshot an in-stream diff has no place: the snapshot will contain it.
            self.stale += 1
            return changed
        return changed | self._keep(frame, e, ts)

    cdef int _overtake(self, const event_t *e, int64_t ts) noexcept nogil:
        """A diff that the snapshot contains already: no level changes, but it tells the stream's lag.

        The book can get no newer than the stream, however fresh its snapshot was.
        """
        if not self.fresh:
            return 0
        self.ts_event, self.ts_recv = e.ts_event, ts
        return CHANGED_DEPTH

    cdef int _gap(self, const event_t *e) except -1:
        self.gaps += 1
        return self._condemn(
            Reason.GAP,
            f"held {self.last_sequence}, next diff is {e.first} to {e.last}"
            + (f" after {e.prev}" if e.prev >= 0 else ""),
        )

    cdef int _keep(self, Frame frame, const event_t *e, int64_t ts) except -1:
        """Buffer a diff until the snapshot is there; returns change bits."""
        cdef int verdict, changed = 0
        cdef int count = self.buffer.count()
        if count:
            verdict = self.rule.follow(self.buffer.at(count - 1).event.last, e)
            if verdict == VERDICT_STALE:
                self.stale += 1
                return 0
            if verdict == VERDICT_GAP:
                self.last_sequence = self.buffer.at(count - 1).event.last
                changed = self._gap(e)
        if not self.buffer.push(frame, e):
            self.overflows += 1
            changed |= self._condemn(Reason.OVERFLOW, "the buffer of diffs was full")
            self.buffer.push(frame, e)
        if self.loaded:
            return changed | self._drain(ts)
        return changed | WANTS_SNAPSHOT

    cdef int _on_snapshot(self, Frame frame, const event_t *e, int64_t ts) except -1:
        if self.rule.in_stream:
            if self.state == EMPTY:
                self.snapshots_ignored += 1
                return 0
            return self._replace(frame, e, ts)
        if self.state == BUFFERING:
            return self._fit(frame, e, ts)
        if self.refreshing:
            return self._refresh(frame, e, ts)
        self.snapshots_ignored += 1
        return 0

    cdef int _load(self, Frame frame, const event_t *e, int64_t ts) except -1:
        if self.ladder.replace(
            &frame.bids[e.bid_from], e.bid_to - e.bid_from,
            &frame.asks[e.ask_from], e.ask_to - e.ask_from,
        ) < 0:
            raise MemoryError("a snapshot does not fit")
        self.snapshots += 1
        self.last_sequence = e.last
        self.fresh = True
        self.ts_event, self.ts_recv = e.ts_event, ts
        self._read_depth()
        self._edges(frame, e)
        return 0

    cdef int _replace(self, Frame frame, const event_t *e, int64_t ts) except -1:
        """An in-stream snapshot replaces the book, whatever it held."""
        self._load(frame, e, ts)
        if self._cross():
            return self._condemn(Reason.CROSSED, "the snapshot is crossed")
        self._move(Cause.FITS, Reason.NONE, "")
        self._publish()
        return CHANGED_STATE | CHANGED_TOUCH | CHANGED_DEPTH

    cdef int _fit(self, Frame frame, const event_t *e, int64_t ts) except -1:
        """Place a fetched snapshot before the buffered diffs, if it reaches them."""
        cdef int i = 0, verdict = VERDICT_STALE
        cdef int count = self.buffer.count()
        while i < count and verdict == VERDICT_STALE:
            verdict = self.rule.check(e.last, True, &self.buffer.at(i).event)
            i += verdict == VERDICT_STALE
        if verdict == VERDICT_GAP:
            self.snapshots_ignored += 1
            self.reason = Reason.SNAPSHOT_TOO_OLD
            self.detail = f"snapshot {e.last} ends before diff {self.buffer.at(i).event.first}"
            return WANTS_SNAPSHOT
        self._load(frame, e, ts)
        self.loaded = True
        if count == 0 and not self.acknowledged:
            # Whether the stream was on when the snapshot was made is for the first diff to say.
            self.reason, self.detail = Reason.AWAITING_DIFF, "snapshot is there, no diff yet"
            return 0
        return self._drain(ts)

    cdef int _drain(self, int64_t ts) except -1:
        """The snapshot is loaded: apply what was buffered; the book lives unless it breaks."""
        cdef int verdict, changed
        cdef Diff diff
        if self._cross():
            return self._condemn(Reason.CROSSED, "the snapshot is crossed") | WANTS_SNAPSHOT
        while self.buffer.count():
            diff = self.buffer.at(0)
            verdict = self.rule.check(self.last_sequence, self.fresh, &diff.event)
            if verdict == VERDICT_GAP:
                # Only the first diff after the snapshot can be ahead: the buffer has no holes.
                self.ladder.clear()
                self.loaded = False
                self.reason = Reason.SNAPSHOT_TOO_OLD
                self.detail = f"snapshot {self.last_sequence} ends before {diff.event.first}"
                return WANTS_SNAPSHOT
            self.buffer.drop(1)
            if verdict == VERDICT_STALE:
                self.stale += 1
                continue
            changed = self._apply(
                &diff.event, diff.bids, diff.bid_count, diff.asks, diff.ask_count, ts
            )
            if changed & CHANGED_STATE:
                return changed | WANTS_SNAPSHOT
        self.loaded = False
        self._move(Cause.FITS, Reason.NONE, "")
        self._publish()
        return CHANGED_STATE | CHANGED_TOUCH | CHANGED_DEPTH

    cdef int _refresh(self, Frame frame, const event_t *e, int64_t ts) except -1:
        """Build a second book aside from a new snapshot, and swap it in when it caught up."""
        cdef Ladder held = self.ladder
        cdef int64_t last = self.last_sequence
        cdef int64_t at = e.last
        cdef int64_t absent = 0
        cdef bint fresh = True
        cdef int verdict
        cdef int i
        cdef Diff diff
        cdef Ladder aside = Ladder()
        if aside.replace(
            &frame.bids[e.bid_from], e.bid_to - e.bid_from,
            &frame.asks[e.ask_from], e.ask_to - e.ask_from,
        ) < 0:
            raise MemoryError("a snapshot does not fit")
        for i in range(self.buffer.count()):
            diff = self.buffer.at(i)
            verdict = self.rule.check(at, fresh, &diff.event)
            if verdict == VERDICT_GAP:
                self.snapshots_ignored += 1
                return WANTS_SNAPSHOT
            if verdict == VERDICT_APPLY:
                if aside.apply(
                    diff.bids, diff.bid_count, diff.asks, diff.ask_count, &absent
                ) < 0:
                    raise MemoryError("a refresh does not fit")
                at, fresh = diff.event.last, False
        if at < last:
            # Older than what is held, and nothing buffered leads from there to here.
            self.snapshots_ignored += 1
            return WANTS_SNAPSHOT
        self.ladder = aside
        self.snapshots += 1
        self.refreshing = False
        self.buffer.clear()
        self.last_sequence, self.fresh = at, fresh
        self._read_depth()
        if self._cross():
            self.ladder = held
            return self._condemn(Reason.CROSSED, "the refreshed book is crossed")
        self._edges(frame, e)
        self.version += 1
        return self._publish() | CHANGED_DEPTH

    cdef int _on_quote(self, const event_t *e, int64_t ts) except -1:
        cdef quote_t quote
        if self.rule.ordered_quotes:
            if e.last <= self.quote_id:
                # Repeated or overtaken by a newer one: it must not become the touch again.
                return 0
            self.quote_id = e.last
        self.quote.bid_price, self.quote.bid_lots = e.bid_price, e.bid_lots
        self.quote.ask_price, self.quote.ask_lots = e.ask_price, e.ask_lots
        self.quote_event, self.quote_recv = e.ts_event, ts
        if not self.rule.ordered_quotes:
            return self._compare_ticker(ts)
        quote.id = e.last
        quote.bid_price, quote.bid_lots = e.bid_price, e.bid_lots
        quote.ask_price, quote.ask_lots = e.ask_price, e.ask_lots
        self.trail.push(&quote)
        if self.pending_count and self._settle_references(&quote):
            return self._condemn_reference(quote.id)
        return self._publish()

    # --- applying ------------------------------------------------------------------------------

    cdef int _apply(
        self, const event_t *e, const level_t *bids, int bid_count, const level_t *asks,
        int ask_count, int64_t ts,
    ) except -1:
        cdef int64_t absent = 0
        if self.ladder.apply(bids, bid_count, asks, ask_count, &absent) < 0:
            return self._condemn(Reason.OVERFLOW, "the ladder is full")
        self.absent += absent
        self.applied += 1
        self.changes += bid_count + ask_count
        self.version += 1
        self.last_sequence = e.last
        self.fresh = False
        self.ts_event, self.ts_recv = e.ts_event, ts
        self._read_depth()
        if self._cross():
            self.crossed += 1
            return self._condemn(
                Reason.CROSSED, f"bid {self.depth.bid_price} over ask {self.depth.ask_price} ticks"
            )
        if self.rule.ordered_quotes and self._check_reference():
            return self._condemn_reference(e.last)
        return self._publish() | CHANGED_DEPTH

    cdef int _condemn_reference(self, int64_t at) except -1:
        self.reference_mismatches += 1
        return self._condemn(Reason.REFERENCE, f"the best quote of the same id {at} differs")

    cdef void _read_depth(self) noexcept nogil:
        memset(&self.depth, 0, sizeof(touch_t))
        self.ladder.best_bid(&self.depth.bid_price, &self.depth.bid_lots)
        self.ladder.best_ask(&self.depth.ask_price, &self.depth.ask_lots)

    cdef bint _cross(self) noexcept nogil:
        return (
            self.depth.bid_price > self.depth.ask_price
            and self.depth.bid_lots != 0
            and self.depth.ask_lots != 0
        )

    cdef int _check_reference(self) except -1:
        """Compare with the newest best quote at or below the book's id; 1 condemns.

        The quote may still be on its way: the comparison stands open until a newer one came.
        """
        cdef const quote_t *quote = self.trail.newest_until(self.last_sequence)
        cdef pending_t *row
        if self.pending_count == PENDING_MAX:
            self._finish_reference()
        row = &self.pending[(self.pending_first + self.pending_count) % PENDING_MAX]
        self.pending_count += 1
        row.id = self.last_sequence
        row.touch = self.depth
        row.compared = quote != NULL
        row.agrees = row.compared and _same(quote, &self.depth)
        self.reference_checks += row.compared
        if self.trail.count > (quote != NULL):
            # A quote ahead of the book is there already: none at or below it can follow.
            self._finish_reference()
        return row.compared and not row.agrees and quote.id == row.id

    cdef int _settle_references(self, const quote_t *quote) except -1:
        """A quote arrived: refine the comparisons that it may belong to; 1 condemns."""
        cdef pending_t *row
        cdef int i
        while self.pending_count and self.pending[self.pending_first].id < quote.id:
            self._finish_reference()
        for i in range(self.pending_count):
            row = &self.pending[(self.pending_first + i) % PENDING_MAX]
            self.reference_checks += not row.compared
            row.compared = True
            row.agrees = _same(quote, &row.touch)
            if row.id == quote.id and not row.agrees:
                return 1
        return 0

    cdef void _finish_reference(self) noexcept nogil:
        """Close the oldest open comparison."""
        cdef pending_t *row = &self.pending[self.pending_first]
        self.reference_mismatches += row.compared and not row.agrees
        self.pending_first = (self.pending_first + 1) % PENDING_MAX
        self.pending_count -= 1

    cdef int _compare_ticker(self, int64_t ts) except -1:
        """A ticker without ids: a mismatch lowers the grade, a lasting one condemns.

        A grade that changed is told as a touch that changed: whoever keeps the one keeps both.
        """
        if self.state != LIVE:
            return 0
        self.reference_checks += 1
        if (
            self.quote.bid_price == self.depth.bid_price
            and self.quote.ask_price == self.depth.ask_price
            and (self.quote.bid_lots in (0, self.depth.bid_lots))
            and (self.quote.ask_lots in (0, self.depth.ask_lots))
        ):
            return self._trust()
        self.reference_mismatches += 1
        if self.doubted_since == 0:
            self.doubted_since, self.doubted_version = max(ts, 1), self.version
            return CHANGED_TOUCH
        elif ts - self.doubted_since > TICKER_PATIENCE_NS and self.version > self.doubted_version:
            return self._condemn(Reason.REFERENCE, "the ticker differed for over 2 s")
        return 0

    cdef int _trust(self) noexcept nogil:
        cdef bint doubted = self.doubted_since != 0
        self.doubted_since = 0
        return CHANGED_TOUCH if doubted else 0

    cdef int _publish(self) noexcept nogil:
        """Choose the touch: the newer, by venue id, of depth and best quote; returns change bits."""
        cdef touch_t *newest = &self.depth
        cdef touch_t *touch = &self.touch
        self.from_quote = (
            self.rule.ordered_quotes and self.state == LIVE and self.quote_id > self.last_sequence
        )
        if self.from_quote:
            newest = &self.quote
        if (
            touch.bid_price == newest.bid_price
            and touch.bid_lots == newest.bid_lots
            and touch.ask_price == newest.ask_price
            and touch.ask_lots == newest.ask_lots
        ):
            return 0
        touch[0] = newest[0]
        return CHANGED_TOUCH

    # --- horizon -------------------------------------------------------------------------------

    cdef void _edges(self, Frame frame, const event_t *e) noexcept nogil:
        """Remember how far a cut snapshot vouches for depth."""
        cdef int i
        self.bid_edge = self.ask_edge = 0
        if _is_cut(e.bid_to - e.bid_from):
            self.bid_edge = UNITS_MAX
            for i in range(e.bid_from, e.bid_to):
                self.bid_edge = min(self.bid_edge, frame.bids[i].ticks)
        if _is_cut(e.ask_to - e.ask_from):
            for i in range(e.ask_from, e.ask_to):
                self.ask_edge = max(self.ask_edge, frame.asks[i].ticks)
        self.bid_room = self.depth.bid_price - self.bid_edge
        self.ask_room = self.ask_edge - self.depth.ask_price

    cdef bint _near_edge(self) noexcept nogil:
        """Whether the touch used up three quarters of the room that the snapshot gave."""
        return (
            self.bid_edge != 0 and 4 * (self.depth.bid_price - self.bid_edge) < self.bid_room
        ) or (self.ask_edge != 0 and 4 * (self.ask_edge - self.depth.ask_price) < self.ask_room)

    cdef bint _beyond_edge(self) noexcept nogil:
        """Whether the book's own touch lies where the snapshot says nothing."""
        return (self.bid_edge != 0 and self.depth.bid_price < self.bid_edge) or (
            self.ask_edge != 0 and self.depth.ask_price > self.ask_edge
        )

    # --- reading -------------------------------------------------------------------------------

    @property
    def live(self):
        """Whether the book may be read."""
        return self.state == LIVE

    cdef int bits(self) noexcept nogil:
        cdef int bits = 0
        if self.state != LIVE:
            return NOT_LIVE
        if self.touch.bid_lots == 0 or self.touch.ask_lots == 0:
            bits |= ONE_SIDED
        elif self.touch.bid_price == self.touch.ask_price:
            bits |= LOCKED
        elif self.touch.bid_price > self.touch.ask_price:
            bits |= CROSSED
        if self.doubted_since:
            bits |= REFERENCE
        if self._near_edge():
            bits |= HORIZON
        if self._beyond_edge():
            bits |= BEYOND_HORIZON
        if self.audit_failed:
            bits |= AUDIT
        return bits

    @property
    def grade(self):
        """The Grade bits that the book itself knows; silence and lag are added by the reader."""
        return self.bits()

    @property
    def horizon(self):
        """(lowest bid, highest ask) in ticks that the snapshot vouches for, None where it was whole."""
        return self.bid_edge or None, self.ask_edge or None

    @property
    def reason_label(self):
        """Why the book is not live, in words; `live` when it is."""
        return Reason(self.reason).label

    def _readable(self):
        if self.state != LIVE:
            raise BookNotLiveError(f"book {self.slot}: {Reason(self.reason).label}: {self.detail}")

    def best(self, bint ask):
        """Return (ticks, lots) of the depth book's own best level or None; raises when not live."""
        self._readable()
        return self.ladder.best(ask)

    def depth_touch(self):
        """Return (bid, bid lots, ask, ask lots) of the depth book; raises when not live."""
        self._readable()
        return self.depth.bid_price, self.depth.bid_lots, self.depth.ask_price, self.depth.ask_lots

    def quote_touch(self):
        """Return (bid, bid lots, ask, ask lots) of the best-quote channel, zeros before the first."""
        return self.quote.bid_price, self.quote.bid_lots, self.quote.ask_price, self.quote.ask_lots

    def newest_touch(self):
        """Return (bid, bid lots, ask, ask lots) of the newer channel; raises when not live."""
        self._readable()
        return self.touch.bid_price, self.touch.bid_lots, self.touch.ask_price, self.touch.ask_lots

    def levels(self, bint ask, int limit=1 << 20):
        """Return up to `limit` levels as (ticks, lots), best first; raises when not live."""
        self._readable()
        return self.ladder.levels(ask, limit)

    def walk(self, bint ask, int limit):
        """Return levels cut back to the newest touch, best first; raises when not live.

        Levels better than the touch are gone by the newer channel, and the touch's own size rules.
        """
        self._readable()
        cdef int wanted = min(max(limit, 0), self.ladder.count(ask) + 1)
        cdef level_t *rows = <level_t *>malloc((wanted + WALK_MORE) * sizeof(level_t))
        cdef int i
        if rows == NULL:
            raise MemoryError
        wanted = self.walk_into(ask, rows, wanted)
        found = [(rows[i].ticks, rows[i].lots) for i in range(wanted)]
        free(rows)
        return found

    cdef int walk_into(self, bint ask, level_t *out, int limit) noexcept nogil:
        """`walk` for compiled callers of a live book: `out` has room for WALK_MORE more levels."""
        cdef int64_t price = self.touch.ask_price if ask else self.touch.bid_price
        cdef int64_t lots = self.touch.ask_lots if ask else self.touch.bid_lots
        cdef int sign = -1 if ask else 1
        cdef int found, at, kept = 1
        if lots == 0 or limit < 1:
            return 0
        # The first place is the touch's, so levels are moved down only where some are passed over.
        found = side_copy(&self.ladder.ask if ask else &self.ladder.bid, &out[1], limit + 8)
        for at in range(1, found + 1):
            if out[at].ticks < sign * price:
                out[kept].ticks, out[kept].lots = sign * out[at].ticks, out[at].lots
                kept += 1
        out[0].ticks, out[0].lots = price, lots
        return min(kept, limit)

    def lots_at(self, bint ask, int64_t ticks):
        """Return the lots at a price, cut back to the newest touch as in `walk`; raises when not live."""
        self._readable()
        cdef int64_t price = self.touch.ask_price if ask else self.touch.bid_price
        cdef int64_t lots = self.touch.ask_lots if ask else self.touch.bid_lots
        if lots == 0 or ((ticks < price) if ask else (ticks > price)):
            return 0
        return lots if ticks == price else self.ladder.get(ask, ticks)

    def count(self, bint ask):
        """Return how many levels the side holds, live or not."""
        return self.ladder.count(ask)

    @property
    def buffered(self):
        """How many diffs wait for a snapshot."""
        return self.buffer.count()

    def rescale(self, int64_t price_factor, int64_t size_factor):
        """Bring everything held to a finer grid.

        OverflowError when a number does not fit: the book must be condemned then, and has forgotten
        its quotes, which nothing else would bring to the new grid.
        """
        cdef int i
        cdef pending_t *row
        cdef bint fits
        self.refinements += 1
        self.version += 1
        try:
            self.ladder.rescale(price_factor, size_factor)
            self.buffer.rescale(price_factor, size_factor)
            self.trail.rescale(price_factor, size_factor)
            fits = (
                _rescale_touch(&self.depth, price_factor, size_factor)
                and _rescale_touch(&self.quote, price_factor, size_factor)
                and _rescale_touch(&self.touch, price_factor, size_factor)
            )
            for i in range(self.pending_count):
                row = &self.pending[(self.pending_first + i) % PENDING_MAX]
                fits = fits and _rescale_touch(&row.touch, price_factor, size_factor)
            if not fits:
                raise OverflowError("a touch does not fit the finer grid")
        except OverflowError:
            self._forget_quotes()
            raise
        # An edge only bounds what is vouched for: it may stand at the largest number there is.
        self.bid_edge = _rescaled(self.bid_edge, price_factor)
        self.ask_edge = _rescaled(self.ask_edge, price_factor)
        self.bid_room = _rescaled(self.bid_room, price_factor)
        self.ask_room = _rescaled(self.ask_room, price_factor)

    def mix(self, Digest digest not None):
        """Mix slot, version, state and touch into a digest."""
        self.mix_in(digest)

    cdef void mix_in(self, Digest digest) noexcept nogil:
        """`mix` for compiled callers."""
        digest.word(self.slot)
        digest.word(self.version)
        digest.word(self.state)
        digest.word(self.touch.bid_price)
        digest.word(self.touch.bid_lots)
        digest.word(self.touch.ask_price)
        digest.word(self.touch.ask_lots)


cdef inline bint _same(const quote_t *quote, const touch_t *touch) noexcept nogil:
    return (
        quote.bid_price == touch.bid_price
        and quote.bid_lots == touch.bid_lots
        and quote.ask_price == touch.ask_price
        and quote.ask_lots == touch.ask_lots
    )


cdef bint _rescale_touch(touch_t *touch, int64_t price_factor, int64_t size_factor) noexcept nogil:
    """Bring a touch to a finer grid; False, and nothing changed, when it does not fit."""
    cdef int64_t price_max = UNITS_MAX // price_factor
    cdef int64_t lots_max = UNITS_MAX // size_factor
    if touch.bid_price > price_max or touch.ask_price > price_max:
        return False
    if touch.bid_lots > lots_max or touch.ask_lots > lots_max:
        return False
    touch.bid_price *= price_factor
    touch.ask_price *= price_factor
    touch.bid_lots *= size_factor
    touch.ask_lots *= size_factor
    return True


cdef int64_t _rescaled(int64_t ticks, int64_t factor) noexcept nogil:
    return ticks * factor if -(UNITS_MAX // factor) <= ticks <= UNITS_MAX // factor else UNITS_MAX
