"""The compiled core against its plain twin, byte for byte."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.crc32c import crc32c, crc32c_portable
from replay.segment_core import RecordCursor, RecordLog, find_record
from replay.segment_format import MAX_PAYLOAD, PAGE, encode_record
from replay.segment_plain import PlainCursor, PlainLog, plain_crc32c, plain_find, plain_record
from tests.effort import examples

SEED = 0x1234_5678
kinds = st.integers(0, 0xFFFF_FEFF)
times = st.integers(-(2**63), 2**63 - 1)
payloads = st.binary(max_size=300)
# A record, or None for a flush mark.
steps = st.lists(st.one_of(st.tuples(kinds, times, payloads), st.none()), max_size=20)


def write(log: RecordLog | PlainLog, work: list, size: int = 40 * PAGE) -> bytes:
    buffer = bytearray(size)
    log.attach(buffer, 64, 7, SEED)
    durable = 64
    for step in work:
        if step is not None:
            log.append(*step)
        elif log.offset != durable:
            durable = log.mark(durable)
    log.end()
    log.detach()
    return bytes(buffer)


def test_checksum_has_the_published_check_value():
    assert crc32c(b"123456789") == plain_crc32c(b"123456789") == 0xE306_9283


@given(st.binary(max_size=200), st.binary(max_size=200), st.integers(0, 2**32 - 1))
def test_checksums_agree_and_can_be_continued(first, second, value):
    whole = crc32c(first + second, value)
    assert whole == plain_crc32c(first + second, value)
    assert whole == crc32c_portable(first + second, value)
    assert whole == crc32c(second, crc32c(first, value))


@given(kinds, times, payloads)
def test_record_encoders_agree(kind, ts_ns, payload):
    assert encode_record(3, kind, ts_ns, payload, SEED) == plain_record(
        3, kind, ts_ns, payload, SEED
    )


@settings(max_examples=examples(0.6))
@given(steps)
def test_both_write_the_same_bytes_and_read_each_other(work):
    compiled = write(RecordLog(), work)
    assert compiled == write(PlainLog(), work)
    expected = [(7 + i, *step) for i, step in enumerate(s for s in work if s is not None)]
    for cursor in (RecordCursor(compiled, 64, 7, SEED), PlainCursor(compiled, 64, 7, SEED)):
        assert list(cursor) == expected
        assert cursor.sealed
        assert cursor.number == 7 + len(expected)


@settings(max_examples=examples(0.8))
@given(st.data())
def test_both_stop_at_the_same_place_in_damaged_bytes_and_find_the_same_next_record(data):
    work = [(1, i, bytes([i]) * 40) for i in range(6)]
    image = bytearray(write(RecordLog(), work, 3 * PAGE)[: 64 + 7 * 80])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(image) - 1))
        image[at] ^= data.draw(st.integers(1, 255))
    damaged = bytes(image[: data.draw(st.integers(0, len(image)))])
    compiled, plain = RecordCursor(damaged, 64, 7, SEED), PlainCursor(damaged, 64, 7, SEED)
    assert list(compiled) == list(plain)
    assert (compiled.offset, compiled.number, compiled.sealed) == (
        plain.offset,
        plain.number,
        plain.sealed,
    )
    for start in (0, compiled.offset, compiled.offset + 8, 10_000):
        assert find_record(damaged, start, 7, SEED) == plain_find(damaged, start, 7, SEED)


@given(st.binary(max_size=400), st.integers(0, 500))
def test_arbitrary_bytes_are_never_a_record(data, offset):
    assert list(RecordCursor(data, offset, 0, SEED)) == []
    assert find_record(data, offset, 0, SEED) is None


@pytest.mark.parametrize("log_type", [RecordLog, PlainLog])
def test_log_refuses_what_it_cannot_hold(log_type):
    log = log_type()
    with pytest.raises(ValueError, match="no room, and nothing"):
        log.append(1, 2, b"x")
    with pytest.raises(ValueError, match="end mark"):
        log.end()
    with pytest.raises(ValueError, match="flush mark"):
        log.mark(0)
    for size, offset in ((PAGE, 0), (2 * PAGE + 1, 0), (2 * PAGE, 8), (3 * PAGE, 4), (PAGE, -8)):
        with pytest.raises(ValueError, match="whole pages"):
            log.attach(bytearray(size), offset, 0, SEED)
    log.attach(bytearray(2 * PAGE), 0, 0, SEED)
    with pytest.raises(ValueError, match="reserved"):
        log.append(0xFFFF_FF00, 2, b"x")
    log.on_full = lambda length: None
    with pytest.raises(ValueError, match="no room was made"):
        log.append(1, 2, bytes(PAGE))
    assert log.number == 0
    assert log.offset == 0


@pytest.mark.parametrize("log_type", [RecordLog, PlainLog])
def test_a_full_log_always_has_room_for_a_flush_mark_and_the_end_mark(log_type):
    for length in range(0, 200, 8):
        log = log_type()
        buffer = bytearray(2 * PAGE)
        log.attach(buffer, 0, 0, SEED)
        for _ in range((PAGE - 40) // (32 + length)):
            log.append(1, 2, bytes(length))
        with pytest.raises(ValueError, match="nothing to make it"):
            log.append(1, 2, bytes(length))
        assert log.mark(0) <= PAGE
        log.end()
        log.detach()
        cursor = RecordCursor(bytes(buffer), 0, 0, SEED)
        assert len(list(cursor)) == log.number
        assert cursor.sealed


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_any_contiguous_bytes_are_a_payload(wrap):
    buffer = bytearray(4 * PAGE)
    log = RecordLog()
    log.attach(buffer, 0, 0, SEED)
    assert log.append(1, 2, wrap(b"payload")) == 0
    log.detach()
    assert next(RecordCursor(bytes(buffer), 0, 0, SEED)).payload == b"payload"


def test_a_payload_that_is_not_contiguous_bytes_is_refused():
    log = RecordLog()
    log.attach(bytearray(4 * PAGE), 0, 0, SEED)
    for payload in (memoryview(b"abcd")[::2], "text", None, 5):
        with pytest.raises((TypeError, BufferError, ValueError)):
            log.append(1, 2, payload)
    assert log.number == 0


def test_look_alikes_cannot_make_the_search_expensive():
    word = (MAX_PAYLOAD >> 10 | (~(MAX_PAYLOAD >> 10) & 0xFFFF_FFFF) << 32).to_bytes(8, "little")
    data = (word + (1).to_bytes(8, "little")) * 20_000
    assert find_record(data, 0, 0, SEED) is None
