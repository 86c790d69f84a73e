"""The parts of an audit: change log, REST book, record, plan."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from books.audit import NAMED_MAX, ChangeLog, Comparison, WrongLevel
from books.audit_plan import AuditConfig
from books.audit_record import REASONS_MAX, AuditRecord, Finding
from books.audit_reply import BadReplyError, RestBook, levels_of, units_of
from market.catalog import inferred
from market.grid import BadNumberError, Grid, OffGridError

INSTRUMENT = inferred("binance", "BTCUSDT")


def failed(*prices):
    wrong = [WrongLevel(False, ticks, 0, 1) for ticks in prices]
    return Comparison(agreed=5, missing=len(wrong), wrong=wrong)


def test_the_log_keeps_the_last_diff_of_each_level():
    """A level counts as changed after an id when its last diff ends after it; sides are apart."""
    log = ChangeLog(10)
    log.note(12, [(100, 1)], [])
    log.note(15, [(100, 0)], [(101, 2)])
    assert log.changed_after(False, 100, 14)
    assert not log.changed_after(False, 100, 15)
    assert not log.changed_after(True, 100, 0)
    assert not log.changed_after(False, 101, 0)


def test_an_old_diff_does_not_hide_a_newer_one():
    """A repeated older diff leaves the newer id of a level standing."""
    log = ChangeLog(10)
    log.note(15, [(100, 1)], [])
    log.note(12, [(100, 1)], [])
    assert log.changed_after(False, 100, 14)


def test_without_ids_any_change_counts():
    """At -1 every logged level is changed and no other is."""
    log = ChangeLog(-1)
    log.note(0, [(100, 1)], [])
    assert log.changed_after(False, 100, -1)
    assert not log.changed_after(False, 99, -1)


def test_the_log_is_bounded():
    """Beyond its levels a log says that it is full, and stays small."""
    log = ChangeLog(0, levels_max=3)
    log.note(1, [(1, 1), (2, 1)], [(3, 1)])
    assert not log.full
    log.note(2, [], [(4, 1)])
    assert log.full
    assert len(log) == 0


def test_the_log_follows_a_finer_grid():
    """After a refinement the same price has more ticks."""
    log = ChangeLog(0)
    log.note(5, [(100, 1)], [])
    log.rescale(10)
    assert log.changed_after(False, 1000, 4)
    assert not log.changed_after(False, 100, 4)


def test_a_whole_side_has_no_edge():
    """A side that the venue vouches for as a whole reaches to the end of the book."""
    book = RestBook.of(1, [(10, 1), (9, 1)], [(11, 1), (12, 1), (13, 1)], (True, False))
    assert (book.bid_edge, book.ask_edge) == (None, 13)


def test_without_a_promise_a_side_vouches_to_its_last_row():
    """The last row is the edge even where it is empty; a side without rows vouches for nothing."""
    book = RestBook.of(-1, [(10, 1), (9, 0)], [])
    assert (book.bids, book.bid_edge) == ([(10, 1)], 9)
    assert book.ask_edge is not None
    assert book.ask_edge < 0


@pytest.mark.parametrize(
    ("bids", "asks", "reason"),
    [
        ([(9, 1), (10, 1)], [], "unsorted"),
        ([(9, 1), (9, 1)], [], "unsorted"),
        ([], [(10, 1), (10, 2)], "unsorted"),
        ([(12, 1)], [(11, 1)], "crossed"),
        ([(12, 0)], [], "empty"),
    ],
)
def test_a_reply_that_cannot_be_a_book_is_refused(bids, asks, reason):
    """Disorder, prices named twice, crossed sides and emptiness have names."""
    with pytest.raises(BadReplyError) as caught:
        RestBook.of(1, bids, asks)
    assert caught.value.reason == reason


def test_a_locked_reply_is_a_book():
    """Best bid and ask at one price are odd, not impossible."""
    assert RestBook.of(1, [(10, 1)], [(10, 1)]).bids == [(10, 1)]


def test_texts_become_levels():
    """Prices and sizes are read exactly; a grid too coarse is told apart from a bad number."""
    grid = Grid(2)
    assert levels_of([("1.5", "2")], grid, grid) == [(150, 200)]
    with pytest.raises(OffGridError):
        levels_of([("1.005", "2")], grid, grid)
    with pytest.raises(BadReplyError, match="bad_number"):
        levels_of([("1e5", "2")], grid, grid)
    with pytest.raises(BadReplyError, match="bad_field"):
        levels_of([(1.5, "2")], grid, grid)


def parsed(parse):
    try:
        return parse()
    except (BadNumberError, OffGridError) as error:
        return type(error)


@given(
    st.from_regex(r"[0-9]{0,20}\.?[0-9]{0,20}", fullmatch=True) | st.text(max_size=8),
    st.builds(Grid, st.integers(0, 18), st.sampled_from([1, 5])),
)
@example("1.", Grid(2))
@example(".5", Grid(2))
@example("١", Grid(0))
@example("9" * 18, Grid(0))
@example("9" * 19, Grid(0))
@example("1.50", Grid(1))
def test_numbers_are_read_as_the_grid_reads_them(text, grid):
    """The quick way gives what Grid.parse gives, refusals included."""
    assert parsed(lambda: units_of(text, grid)) == parsed(lambda: grid.parse(text))


def test_a_level_wrong_twice_running_condemns():
    """The same level twice condemns; a clean audit or a new mirror in between starts anew."""
    record = AuditRecord()
    assert record.take(failed(100), INSTRUMENT, 1) is Finding.FAILED
    assert record.take(Comparison(agreed=5), INSTRUMENT, 2) is Finding.CLEAN
    assert record.take(failed(100, 99), INSTRUMENT, 3) is Finding.FAILED
    record.restart()
    assert record.take(failed(100), INSTRUMENT, 4) is Finding.FAILED
    record.rescale(10)
    assert record.take(failed(1000), INSTRUMENT, 5) is Finding.CONDEMNED
    assert (record.audits, record.failed, record.condemned) == (5, 4, 1)
    assert record.last_clean_ns == 2
    assert (record.score, record.total_score) == (5 / 6, 25 / 30)


def test_levels_wrong_again_are_named_first():
    """A report names ten levels, those that condemn before the others."""
    record = AuditRecord()
    record.take(failed(7), INSTRUMENT, 1)
    record.take(failed(*range(30, 0, -1)), INSTRUMENT, 2)
    assert len(record.named) == NAMED_MAX
    assert record.named[0][1] == INSTRUMENT.price.format(7)


def test_reasons_are_bounded():
    """However many names failures have, a record keeps few of them and loses no count."""
    record = AuditRecord()
    for number in range(3 * REASONS_MAX):
        record.give_up(f"http_{number}")
    assert len(record.reasons) == REASONS_MAX + 1
    assert sum(record.reasons.values()) == record.inconclusive == 3 * REASONS_MAX


def test_absurd_intervals_are_refused():
    """An interval is 0 or at least a second, and no pause is negative."""
    with pytest.raises(ValueError, match="at least 1 s"):
        AuditConfig(interval_ns=5)
    with pytest.raises(ValueError, match="at least 1 s"):
        AuditConfig(by_book={"BTC-USDT.BINANCE": 1})
    with pytest.raises(ValueError, match="negative"):
        AuditConfig(spacing_ns=-1)
