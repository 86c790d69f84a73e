"""The node audits its books: a correct mirror never fails, a wrong one is found."""

import random
from decimal import Decimal
from itertools import islice, pairwise

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from books.grade import Grade
from books.state import Reason, State
from market.effects import EffectKind
from market.inputs import InputKind
from node import Node, NodeConfig
from replay.source import Recorded, merged
from tests.books.audit_world import (
    MS,
    SECOND,
    BinanceRun,
    Harness,
    VenueBook,
    depth_reply,
    diff,
    l2,
    product_book,
)
from tests.effort import examples
from tests.recorded_payloads import FEEDS

seeds = st.integers(0, 10**6)
#: Offsets from the touch that the venue leaves alone, and those where it has no level.
QUIET = st.sampled_from([i for i in range(80, 280) if i % 7 != 3])
FREE = st.sampled_from([i for i in range(80, 280) if i % 7 == 3])


def ticks_of(ask, offset):
    return 10_001 + offset if ask else 10_000 - offset


# --- Binance: ids inside batches -----------------------------------------------------------------


@settings(max_examples=examples(0.25))
@given(seeds)
def test_a_correct_mirror_scores_one(seed):
    """Whatever the delays and ids of replies, no level is ever wrong and most are decidable."""
    record = BinanceRun(seed).run().record()
    assert record.audits >= 4
    assert record.failed == 0
    assert record.agreed == record.decidable
    assert record.score == record.total_score == 1.0
    assert record.decidable > record.undecidable
    assert record.last_clean_ns is not None


def test_ids_inside_batches_leave_levels_undecidable():
    """The simulated replies do fall inside batches: some levels could not be judged."""
    records = [BinanceRun(seed).run().record() for seed in range(5)]
    assert all(record.undecidable for record in records)


@settings(max_examples=examples(0.25))
@given(seeds, st.booleans(), st.sampled_from(["wrong", "missing", "extra"]), st.data())
def test_a_wrong_level_is_found_within_two_audits(seed, ask, kind, data):
    """A wrong, missing or extra level condemns the book after two audits, and it recovers."""
    offset = data.draw(FREE if kind == "extra" else QUIET)
    lots = 0 if kind == "missing" else 777
    run = BinanceRun(seed, corrupt_s=12, corruption=(ask, ticks_of(ask, offset), lots))
    world = run.run()
    record = world.record()
    assert record.condemned == 1
    assert record.failed == 2
    counts = {"missing": record.missing, "extra": record.extra, "wrong": record.sizes}
    assert counts.pop(kind) == 2
    assert not any(counts.values())
    book = world.node.books[0]
    assert book.condemned == 1
    assert book.live
    assert not book.audit_failed
    side, price, *_ = record.named[0]
    assert (side, price) == (
        "ask" if ask else "bid",
        str(ticks_of(ask, offset) / 100).removesuffix(".0"),
    )


# --- one step at a time --------------------------------------------------------------------------


class Steps:
    """A Binance book whose audit is about to be asked for."""

    def __init__(self, **options):
        self.world = Harness(**options)
        self.slot = self.world.watch("binance", "BTCUSDT")
        self.venue = VenueBook.new(1)
        first = self.venue.copy()
        self.step()
        self.world.reply("binance", self.world.fetched[0].subject, depth_reply(first, 1000))
        assert self.world.node.books[0].live

    def step(self, changes=1, extra=()):
        first = self.venue.id + 1
        made = [self.venue.change() for _ in range(changes)]
        self.world.frame("binance", diff(first, self.venue.id, [*made, *extra]))

    def ask(self):
        """Let time pass until the audit is asked for; returns its path."""
        for _ in range(60):
            self.world.wait(500 * MS)
            if self.world.asked:
                return self.world.asked.pop()[1].subject
        raise AssertionError("no audit was asked for")

    def answer(self, data=None, status=200, **options):
        path = self.ask()
        data = depth_reply(self.venue, 500) if data is None else data
        self.world.reply("binance", path, data, status, **options)

    @property
    def record(self):
        return self.world.record()

    @property
    def book(self):
        return self.world.node.books[0]


def test_a_request_says_its_purpose():
    """An audit's FETCH ends in its purpose, and its path is not that of a recovery."""
    steps = Steps()
    path = steps.ask()
    assert path != steps.world.fetched[0].subject
    assert steps.world.node.venue("binance").topic("https://x" + path)[0].value == "audit"
    assert steps.world.fetched[0].fields[-1] != "audit"


def test_a_reply_ahead_waits_for_its_diff():
    """A reply ahead of the stream is judged once the diff that holds its id was applied."""
    steps = Steps()
    path = steps.ask()
    first = steps.venue.id + 1
    made = [steps.venue.change() for _ in range(4)]
    ahead = depth_reply(steps.venue, 500)
    made += [steps.venue.change() for _ in range(4)]
    steps.world.reply("binance", path, ahead)
    assert steps.record.audits == 0
    steps.world.frame("binance", diff(first, steps.venue.id, made))
    assert steps.record.audits == 1
    assert steps.record.score == 1.0
    assert 0 < steps.record.undecidable <= len({(ask, ticks) for ask, ticks, _ in made})


def test_a_diff_that_ends_at_the_id_is_inside():
    """Where the reply's id is the last of a diff, that diff's levels are decidable too."""
    steps = Steps()
    path = steps.ask()
    steps.step(changes=8)
    steps.world.reply("binance", path, depth_reply(steps.venue, 500))
    assert (steps.record.audits, steps.record.undecidable) == (1, 0)


def test_a_stream_that_stays_behind_is_inconclusive():
    """A reply whose id the stream does not reach in five seconds is given up."""
    steps = Steps()
    path = steps.ask()
    steps.venue.change()
    steps.world.reply("binance", path, depth_reply(steps.venue, 500))
    steps.world.wait(6 * SECOND)
    assert steps.record.reasons == {"stream_behind": 1}


def test_a_reply_older_than_the_log_is_inconclusive():
    """A cached reply from before the log began proves nothing."""
    steps = Steps()
    old = depth_reply(steps.venue, 500)
    steps.step()
    steps.answer(old)
    assert steps.record.reasons == {"stale_reply": 1}


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"slow down", 429, "http_429"),
        (b"timeout", 0, "timeout"),
        (b"\xff no name", 0, "lost"),
        (b"{", 200, "bad_json"),
        (b"[]", 200, "bad_json"),
        (b'{"result":null,"id":1}', 200, "not_a_book"),
        (b'{"lastUpdateId":9999,"bids":[["2","1"]],"asks":[["1","1"]]}', 200, "crossed"),
        (b'{"lastUpdateId":9999,"bids":[["1","1"],["2","1"]],"asks":[]}', 200, "unsorted"),
        (b'{"lastUpdateId":9999,"bids":[],"asks":[]}', 200, "empty"),
        (b'{"lastUpdateId":9999,"bids":[["-1","1"]],"asks":[]}', 200, "bad_number"),
    ],
)
def test_a_failed_request_is_counted_and_condemns_nothing(data, status, reason):
    """A refusal, a loss or a malformed reply is inconclusive under its name; audits go on."""
    steps = Steps()
    steps.answer(data, status)
    assert steps.record.reasons == {reason: 1}
    assert steps.book.live
    steps.answer()
    assert steps.record.audits == 1


def test_a_finer_reply_refines_the_grid():
    """A price finer than the grid refines it, and the same reply is compared on the new grid."""
    steps = Steps()
    reply = orjson.loads(depth_reply(steps.venue, 500))
    reply["asks"].append(["150.00123", "1.00"])
    before = steps.world.node.instruments[0].price
    steps.answer(orjson.dumps(reply))
    after = steps.world.node.instruments[0].price
    assert before.factor_to(after) > 1
    assert (steps.record.audits, steps.record.extra, steps.record.sizes) == (1, 0, 0)
    assert steps.record.missing == 1


def test_a_failed_audit_lowers_the_grade_until_a_clean_one():
    """One wrong level makes the quote unusable at once; the next clean audit lifts that."""
    steps = Steps()
    wrong = (False, ticks_of(False, 100), 777)
    steps.step(extra=[wrong])
    steps.answer()
    node = steps.world.node
    assert steps.book.live
    assert node.l1.grade(0, node.now) & Grade.AUDIT
    log = next(effect for effect in steps.world.logged if effect.subject == "audit_failed")
    assert log.fields[3].startswith("bid 99: ours 7.77, theirs ")
    held = steps.venue.bids[ticks_of(False, 100)]
    steps.step(extra=[(False, ticks_of(False, 100), held)])
    steps.answer()
    assert not node.l1.grade(0, node.now) & Grade.AUDIT
    assert (steps.record.audits, steps.record.failed, steps.record.condemned) == (2, 1, 0)


def test_different_wrong_levels_do_not_condemn():
    """Only a level that is wrong in two audits running condemns the book."""
    steps = Steps()
    right = [(False, ticks_of(False, i), steps.venue.bids[ticks_of(False, i)]) for i in (100, 120)]
    steps.step(extra=[(False, right[0][1], 777)])
    steps.answer()
    steps.step(extra=[right[0], (False, right[1][1], 777)])
    steps.answer()
    assert (steps.record.failed, steps.record.condemned) == (2, 0)
    steps.answer()
    assert (steps.record.failed, steps.record.condemned) == (3, 1)
    assert (steps.book.state, steps.book.reason) == (State.BUFFERING, Reason.AUDIT)
    assert steps.book.detail == "bid 98.8 was wrong in two audits"


def test_a_failed_audit_names_ten_levels():
    """However many levels are wrong, the report names ten of them."""
    steps = Steps()
    prices = [i for i in range(80, 140) if i % 7 != 3]
    steps.step(extra=[(True, ticks_of(True, i), 777) for i in prices])
    steps.answer()
    assert steps.record.sizes == len(prices)
    log = next(effect for effect in steps.world.logged if effect.subject == "audit_failed")
    assert len(log.fields) == 3 + 10


def test_a_book_that_starts_over_loses_its_audit():
    """A gap during an audit ends it without a verdict, and the venue is free again."""
    steps = Steps()
    steps.ask()
    steps.venue.change()
    steps.step()
    assert not steps.book.live
    assert steps.record.reasons == {"book_started_over": 1}
    assert not steps.world.node.audits.logs


def test_a_late_reply_changes_nothing():
    """A reply that nobody waits for any more is counted and compared with nothing."""
    steps = Steps()
    path = steps.ask()
    steps.world.wait(11 * SECOND)
    steps.world.reply("binance", path, depth_reply(steps.venue, 500))
    assert steps.record.reasons == {"no_reply": 1}
    assert steps.record.audits == 0
    assert steps.world.node.books[0].snapshots == 1
    link = steps.world.node.links["binance.ws.1"]
    assert link.errors["audit_late_reply"] == 1


def test_an_answer_to_an_earlier_request_is_told_by_its_note():
    """A reply that left before this audit asked belongs to an earlier one and is left aside."""
    steps = Steps()
    path = steps.ask()
    reply = depth_reply(steps.venue, 500)
    steps.world.reply("binance", path, reply, note_end=f"#sent_ns={steps.world.now - SECOND}")
    assert steps.record.audits == 0
    steps.world.reply("binance", path, reply, note_end=f"#sent_ns={steps.world.now}")
    assert steps.record.audits == 1


# --- budget --------------------------------------------------------------------------------------


def test_one_audit_at_a_time_for_each_venue():
    """Three books of one venue take turns, each by its interval; nothing overlaps."""
    world = Harness(interval_s=10)
    natives = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    venues = {}
    for number, native in enumerate(natives):
        world.watch("binance", native, number)
        venues[native] = VenueBook.new(native)
        world.fetched.clear()
        book = venues[native]
        world.frame("binance", diff(book.id + 1, book.id + 1, [book.change()], native), number)
        world.reply("binance", world.fetched[0].subject, depth_reply(book, 1000))
    flying, asked = None, []
    for step in range(600):
        world.wait(100 * MS)
        assert len(world.node.audits.logs) <= 1
        if world.asked:
            assert flying is None
            flying = (step + 3, world.asked.pop()[1])
            asked.append(flying[1].fields[0])
        if flying and flying[0] == step:
            native = flying[1].fields[0].partition(".")[0].replace("-", "")
            world.reply("binance", flying[1].subject, depth_reply(venues[native], 500))
            flying = None
    assert len(set(asked)) == 3
    assert min(asked.count(name) for name in set(asked)) >= 4
    assert [world.record(slot).score for slot in range(3)] == [1.0] * 3


def test_a_book_may_have_its_own_interval_or_none():
    """`by_book` overrides the interval, and 0 switches a book's audits off."""
    steps = Steps(by_book={"BTC-USDT.BINANCE": 45 * SECOND})
    steps.answer()
    before = steps.world.now
    with pytest.raises(AssertionError):
        steps.ask()
    steps.ask()
    assert steps.world.now - before >= 45 * SECOND
    off = Harness(by_book={"BTC-USDT.BINANCE": 0})
    off.watch("binance", "BTCUSDT")
    assert not off.node.audits.hears(0)


def test_a_node_without_audits_takes_the_reply_as_a_snapshot():
    """A recording of somebody else's requests may hold any limit: it makes the book live."""
    world = Harness(interval_s=0)
    world.watch("binance", "BTCUSDT")
    book = VenueBook.new(1)
    world.frame("binance", diff(book.id + 1, book.id + 1, [book.change()]))
    world.reply("binance", "/api/v3/depth?symbol=BTCUSDT&limit=500", depth_reply(book, 500))
    assert world.node.books[0].live


# --- Coinbase: no ids ----------------------------------------------------------------------------


class Coinbase:
    """An Advanced Trade book that is about to be audited."""

    def __init__(self):
        self.world = Harness()
        self.world.watch("coinbase", "BTC-USD")
        self.venue = VenueBook.new(2)
        self.number = -1
        rows = [(False, p, q) for p, q in self.venue.bids.items()]
        rows += [(True, p, q) for p, q in self.venue.asks.items()]
        self.send("snapshot", rows)
        assert self.world.node.books[0].live

    def send(self, kind, rows):
        self.number += 1
        self.world.frame("coinbase", l2(self.number, kind, rows))

    def change(self, offset, lots):
        self.venue.bids[ticks_of(False, offset)] = lots
        self.send("update", [(False, ticks_of(False, offset), lots)])

    def ask(self, step_ns=100 * MS):
        while not self.world.asked:
            self.world.wait(step_ns)
        return self.world.asked.pop()[1].subject

    def answer(self, limit=200):
        path = self.ask()
        self.world.reply("coinbase", path, product_book(self.venue, limit))
        self.world.wait(SECOND)


def test_levels_that_rest_for_a_second_around_are_compared():
    """Without ids, what changed within a second of the request or the reply is undecidable."""
    one = Coinbase()
    one.world.wait(500 * MS)
    one.change(1, 5)
    while not one.world.node.audits.logs:
        one.world.wait(100 * MS)
    one.change(2, 5)
    path = one.ask()
    reply = product_book(one.venue, 200)
    one.change(4, 5)
    one.world.reply("coinbase", path, reply)
    one.world.wait(900 * MS)
    one.change(5, 5)
    assert one.world.record().audits == 0
    one.world.wait(100 * MS)
    record = one.world.record()
    assert (record.audits, record.undecidable, record.score) == (1, 3, 1.0)
    assert record.decidable == 2 * 200 - 3


def test_a_change_between_request_and_reply_is_no_error():
    """The reply may show either side of a change in its window: neither is counted as wrong."""
    one = Coinbase()
    path = one.ask()
    old = product_book(one.venue, 200)
    one.change(1, 444)
    one.world.reply("coinbase", path, old)
    one.world.wait(SECOND)
    assert (one.world.record().failed, one.world.record().undecidable) == (0, 1)


@pytest.mark.parametrize("kind", ["missing", "extra", "sizes"])
def test_a_wrong_level_without_ids_condemns_in_two_audits(kind):
    """A missing, extra or wrong level inside the reply's depth condemns in two audits."""
    one = Coinbase()
    ticks = ticks_of(False, 94 if kind == "extra" else 90)
    one.send("update", [(False, ticks, 0 if kind == "missing" else 777)])
    one.answer()
    record = one.world.record()
    assert getattr(record, kind) == 1
    assert one.world.node.books[0].live
    one.answer()
    assert record.condemned == 1
    assert one.world.node.books[0].reason == Reason.AUDIT


def test_levels_beyond_the_reply_are_not_judged():
    """A wrong level deeper than the reply's last row stays unseen: the reply does not vouch."""
    one = Coinbase()
    one.send("update", [(False, ticks_of(False, 90), 777)])
    one.answer(limit=50)
    assert (one.world.record().audits, one.world.record().failed) == (1, 0)
    assert one.world.record().decidable == 100


def test_the_exchange_is_audited_by_its_level_2():
    """The Exchange's book reply, which names no product, is compared like Advanced's."""
    world = Harness()
    world.watch("coinbase-exchange", "BTC-USD")
    venue = VenueBook.new(4)
    bids, asks = venue.rows(300)
    snapshot = {"type": "snapshot", "product_id": "BTC-USD", "bids": bids, "asks": asks}
    world.frame("coinbase-exchange", orjson.dumps(snapshot))
    assert world.node.books[0].live
    while not world.asked:
        world.wait(100 * MS)
    path = world.asked.pop()[1].subject
    assert path == "/products/BTC-USD/book?level=2"
    reply = {
        "sequence": 5,
        "bids": [[*row, 1] for row in bids],
        "asks": [[*row, 1] for row in asks],
    }
    world.reply("coinbase-exchange", path, orjson.dumps(reply))
    world.wait(SECOND)
    assert (world.record().audits, world.record().score) == (1, 1.0)


def test_requests_to_a_venue_keep_its_own_distance():
    """The share of the budget that audits may use is a distance between their requests."""
    world = Harness(interval_s=1, spacing_by_venue={"coinbase-exchange": 9 * SECOND})
    world.watch("coinbase-exchange", "BTC-USD")
    venue = VenueBook.new(4)
    bids, asks = venue.rows(9)
    snapshot = {"type": "snapshot", "product_id": "BTC-USD", "bids": bids, "asks": asks}
    world.frame("coinbase-exchange", orjson.dumps(snapshot))
    for _ in range(400):
        world.wait(100 * MS)
        world.requests += [at for at, _ in world.asked]
        for _, effect in world.asked:
            reply = {name: [[*row, 1] for row in rows] for name, rows in _sides(venue)}
            world.reply("coinbase-exchange", effect.subject, orjson.dumps(reply))
        world.asked = []
    pauses = [after - before for before, after in pairwise(world.requests)]
    assert len(pauses) >= 3
    assert set(pauses) == {9 * SECOND}


def _sides(venue):
    return zip(("bids", "asks"), venue.rows(9), strict=True)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (b"{", "bad_json"),
        (b"[]", "not_a_book"),
        (b'{"pricebook":{"product_id":"ETH-USD","bids":[],"asks":[]}}', "other_product"),
        (b'{"pricebook":{"product_id":"BTC-USD","bids":[]}}', "bad_field"),
        (b'{"pricebook":{"product_id":"BTC-USD","bids":[1],"asks":[]}}', "bad_field"),
        (
            b'{"pricebook":{"product_id":"BTC-USD","bids":[{"price":1,"size":"1"}],"asks":[]}}',
            "bad_field",
        ),
        (
            b'{"pricebook":{"product_id":"BTC-USD","bids":[{"price":"x","size":"1"}],"asks":[]}}',
            "bad_number",
        ),
        (b'{"pricebook":{"product_id":"BTC-USD","bids":[],"asks":[]}}', "empty"),
    ],
)
def test_a_malformed_product_book_is_counted(rows, reason):
    """What is no book of this product is inconclusive under its name."""
    one = Coinbase()
    one.world.reply("coinbase", one.ask(), rows)
    assert one.world.record().reasons == {reason: 1}
    assert one.world.node.books[0].live


def test_a_finer_product_book_refines_the_grid():
    """A price finer than the grid refines it, and the held book is compared on the new grid."""
    one = Coinbase()
    path = one.ask()
    reply = orjson.loads(product_book(one.venue, 200))
    last = reply["pricebook"]["bids"][-1]
    last["price"] = str(Decimal(last["price"]) - Decimal("0.000000123"))
    before = one.world.node.instruments[0].price
    one.world.reply("coinbase", path, orjson.dumps(reply))
    one.world.wait(SECOND)
    assert before.factor_to(one.world.node.instruments[0].price) > 1
    record = one.world.record()
    assert (record.audits, record.missing, record.extra, record.sizes) == (1, 1, 1, 0)


def test_a_new_snapshot_in_the_stream_makes_an_audit_inconclusive():
    """A snapshot changes levels that no update named, so nothing is decided by that audit."""
    one = Coinbase()
    path = one.ask()
    rows = [(False, p, q) for p, q in one.venue.bids.items()]
    rows += [(True, p, q) for p, q in one.venue.asks.items()]
    one.send("snapshot", rows)
    one.world.reply("coinbase", path, product_book(one.venue, 200))
    one.world.wait(SECOND)
    assert one.world.record().reasons == {"book_refreshed": 1}


# --- recorded data -------------------------------------------------------------------------------


def test_a_recorded_stream_audits_clean():
    """On a real stream, books taken along the way and answered late are agreed with wholly."""
    path = FEEDS / "binance-spot-2024-08" / "btcusdt_20240808.gz"
    if not path.exists():
        pytest.skip("the recordings are not here")
    config = Harness(interval_s=10).config
    node = Node(NodeConfig(discover=True, audits=config))
    rng = random.Random(1)
    waiting = []
    source = list(islice(merged([Recorded("binance", [path])]), 30_000))
    venue = Node(NodeConfig(discover=True))
    for at, item in enumerate(source):
        # The venue is up to two hundred frames ahead of what the node has received.
        while venue.inputs < min(at + 200, len(source)):
            venue.handle(*source[venue.inputs])
        while waiting and waiting[0][0] <= item.ts_recv:
            ts, subject, data = waiting.pop(0)
            node.handle(ts, InputKind.REPLY, "binance.rest", data, "https://x" + subject, 200)
        for effect in node.handle(*item):
            if effect.kind == EffectKind.FETCH and effect.fields[-1] == "audit":
                book, instrument = venue.books[0], venue.instruments[0]
                sides = [
                    [
                        [instrument.price.format(p), instrument.size.format(q)]
                        for p, q in book.levels(ask, 500)
                    ]
                    for ask in (False, True)
                ]
                reply = {"lastUpdateId": book.last_sequence, "bids": sides[0], "asks": sides[1]}
                delay = rng.randrange(50, 3000) * MS
                waiting.append((item.ts_recv + delay, effect.subject, orjson.dumps(reply)))
    record = node.audits.records[0]
    assert record.audits >= 10
    assert (record.failed, record.score) == (0, 1.0)
    assert record.decidable > record.undecidable
