"""The common record of a recording is the same, compiled and plain, and none is half written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.input_log import InputLog
from replay.native_format import PREFIX
from replay.plain_input_log import PlainInputLog
from replay.segment_core import RecordCursor, RecordLog
from replay.segment_format import PAGE
from replay.segment_plain import PlainLog
from tests.effort import examples

SEED = 0x1234_5678
SIZE = 4 * PAGE
inputs = st.tuples(
    st.sampled_from([1, 2, 8, 0xFFFF_FF00, 0xFFFF_FFFE]),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from(["binance.ws.1", "coinbase.ws.1", "nobody"]),
    st.one_of(st.binary(max_size=200), st.integers(0, 3 * PAGE).map(bytes)),
    st.integers(0, 2**64 - 1),
)


def open_log(inputs_class, log_class):
    """Return an input log with two sources, its log and the bytes of the segment."""
    buffer = bytearray(SIZE)
    log, inputs = log_class(), inputs_class()
    log.attach(buffer, 64, 7, SEED)
    inputs.open(log)
    inputs.sources = {"binance.ws.1": 0, "coinbase.ws.1": 1}
    return inputs, log, buffer


@settings(max_examples=examples(0.8))
@given(st.lists(inputs, max_size=12))
def test_both_write_the_same_bytes_and_refuse_the_same_inputs(work):
    compiled, log, buffer = open_log(InputLog, RecordLog)
    plain, plain_log, plain_buffer = open_log(PlainInputLog, PlainLog)
    taken = [compiled.append(*one) for one in work]
    assert taken == [plain.append(*one) for one in work]
    assert buffer == plain_buffer
    assert (log.offset, log.number) == (plain_log.offset, plain_log.number)
    assert compiled.ts_ns == plain.ts_ns
    kept = [one for one, added in zip(work, taken, strict=True) if added]
    log.end()
    cursor = RecordCursor(bytes(buffer), 64, 7, SEED)
    for kind, ts_ns, source, data, digest in kept:
        record = next(cursor)
        assert (record.kind, record.ts_ns) == (kind, ts_ns)
        prefix = PREFIX.pack(digest, 0, compiled.sources[source], 0)
        assert record.payload == prefix + data
    assert next(cursor, None) is None


def test_the_last_record_that_fits_is_taken_and_the_next_one_leaves_no_trace():
    compiled, log, buffer = open_log(InputLog, RecordLog)
    while compiled.append(2, 1, "binance.ws.1", bytes(96), 3):
        pass
    before = bytes(buffer)
    assert not compiled.append(2, 1, "binance.ws.1", bytes(96), 3)
    assert buffer == before
    assert SIZE - PAGE - log.offset < 32 + 24 + 96 + 40


def test_nothing_is_added_while_closed_blocked_or_without_a_segment():
    compiled, log, _ = open_log(InputLog, RecordLog)
    assert compiled.append(2, 1, "binance.ws.1", b"{}", 3)
    compiled.close()
    assert not compiled.append(2, 2, "binance.ws.1", b"{}", 3)
    compiled.open(log)
    log.block()
    assert not compiled.append(2, 3, "binance.ws.1", b"{}", 3)
    log.detach()
    assert not compiled.append(2, 4, "binance.ws.1", b"{}", 3)
    assert (compiled.ts_ns, log.number) == (1, 8)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"ts_ns": 1 << 63}, OverflowError),
        ({"digest": -1}, OverflowError),
        ({"digest": 1 << 64}, OverflowError),
        ({"kind": -1}, OverflowError),
        ({"data": bytearray(2)}, TypeError),
        ({"source": None}, TypeError),
    ],
)
def test_a_value_out_of_range_is_refused_and_nothing_added(change, error):
    compiled, log, _ = open_log(InputLog, RecordLog)
    given_ = {"kind": 2, "ts_ns": 1, "source": "binance.ws.1", "data": b"", "digest": 0}
    with pytest.raises(error):
        compiled.append(**(given_ | change))
    assert (log.number, compiled.ts_ns) == (7, 0)
