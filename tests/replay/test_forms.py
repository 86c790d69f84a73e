"""The three public recording formats, and what is wrong with a line of them."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.inputs import InputKind
from replay.forms import HEAD_LINES, PROBLEMS_MAX, TIME_MAX, Problems, nanoseconds, read_form

DEPTH = b'{"stream":"btcusdt@depth@100ms","data":{}}'
SNAPSHOT = b'{"lastUpdateId":1,"bids":[],"asks":[]}'


def read(*rows: bytes):
    """Return the inputs of a file and its problems."""
    problems = Problems()
    return list(read_form(iter(rows), problems)), problems


def row(kind: str, ts: float, **extra: object) -> bytes:
    return orjson.dumps({"t": kind, "conn": "X.ws.1", "ts": ts, **extra})


# --- A -------------------------------------------------------------------------------------------


def test_a_nanoseconds_and_microseconds_are_told_apart():
    inputs, problems = read(b"1723161253937085768 " + DEPTH, b"1680652800000123 " + DEPTH)
    assert [item.ts_recv for item in inputs] == [1723161253937085768, 1680652800000123000]
    assert [item.data for item in inputs] == [DEPTH, DEPTH]
    assert problems.count == 0


def test_a_an_inline_snapshot_is_a_reply_about_the_symbol_of_the_stream_before_it():
    inputs, _ = read(b"1723161253937085768 " + DEPTH, b"1723161253937085769 " + SNAPSHOT)
    assert [item.kind for item in inputs] == [InputKind.FRAME, InputKind.REPLY]
    assert (inputs[1].note, inputs[1].number) == ("/depth?symbol=BTCUSDT", 200)


def test_a_a_snapshot_before_any_stream_belongs_to_nobody():
    inputs, problems = read(b"1723161253937085768 " + SNAPSHOT)
    assert inputs == []
    assert "before any stream" in problems.listed[0]


@pytest.mark.parametrize(
    "bad", [b"x " + DEPTH, b"1723161253937085768", b"9" * 19 + b" {}", b"9" * 5000 + b" {}", b" "]
)
def test_a_a_line_without_a_time_is_named_and_the_rest_is_read(bad):
    good = b"1723161253937085768 " + DEPTH
    inputs, problems = read(good, bad, good)
    assert len(inputs) == 2
    assert problems.count == (1 if bad.strip() else 0)
    assert all(line.startswith("line 2: ") for line in problems.listed)


# --- B -------------------------------------------------------------------------------------------


def test_b_frames_replies_and_openings_are_told_apart_and_the_rest_is_passed_over():
    inputs, problems = read(
        b"configuration: {}",
        b"wss://x <-> 1618677816.8434298",
        b"wss://x <- 1618677817.020616: {}",
        b"1618677817.061845: " + DEPTH,
        b"https://x/depth?symbol=A -> 1618677818.5: " + SNAPSHOT,
        b"",
    )
    assert [(item.kind, item.ts_recv) for item in inputs] == [
        (InputKind.OPEN, 1618677816_843429800),
        (InputKind.FRAME, 1618677817_061845000),
        (InputKind.REPLY, 1618677818_500000000),
    ]
    assert inputs[2].note == "https://x/depth?symbol=A"
    assert problems.count == 0


@pytest.mark.parametrize(
    "bad", [b"junk", b"99999999999.5: {}", b"9999999999.0: {}", b"https://x -> 99999999999999: {}"]
)
def test_b_a_damaged_line_is_named_and_the_rest_is_read(bad):
    good = b"1618677817.061845: " + DEPTH
    inputs, problems = read(good, bad, good)
    assert (len(inputs), problems.count) == (2, 1)


def test_b_an_address_of_broken_text_is_kept_readable():
    inputs, _ = read(b"1618677817.0: {}", b"https://x/\xff -> 1618677818.0: {}")
    assert inputs[1].note.startswith("https://x/")


# --- C -------------------------------------------------------------------------------------------


def test_c_each_kind_of_record():
    inputs, problems = read(
        row("header", 1.0),
        row("connect", 1786309548.03, addr="wss://a"),
        row("send", 1786309548.04, data="{}"),
        row("recv", 1786309548.05, data="{}"),
        row("http", 1786309548.06, url="https://b", data="[]", status=503),
        row("disconnect", 1786309549.5, reason="1006"),
    )
    assert [(item.kind, item.note, item.number) for item in inputs] == [
        (InputKind.OPEN, "wss://a", 0),
        (InputKind.FRAME, "", 0),
        (InputKind.REPLY, "https://b", 503),
        (InputKind.CLOSE, "1006", 0),
    ]
    assert inputs[0].ts_recv == 1786309548_030000000
    assert problems.count == 0


BAD_ROWS = [
    b"{",
    b"[1]",
    b'{"t":"recv"}',
    row("recv", 1786309548.05),
    row("recv", 1786309548.05, data=5),
    row("recv", -1.0, data="{}"),
    row("recv", 1e300, data="{}"),
    row("recv", 10**15, data="{}"),
    b'{"t":"recv","conn":"X.ws.1","ts":null,"data":"{}"}',
    b'{"t":"recv","conn":"X.ws.1","ts":true,"data":"{}"}',
    row("http", 1786309548.06, url="https://b", data="[]", status="x"),
    row("unheard of", 1.0),
]


@pytest.mark.parametrize("bad", BAD_ROWS, ids=lambda data: data[:40].decode())
def test_c_a_damaged_record_is_named_and_the_rest_is_read(bad):
    good = row("recv", 1786309548.05, data="{}")
    inputs, problems = read(good, bad, good)
    assert (len(inputs), problems.count) == (2, 1)
    assert problems.listed[0].startswith("line 2: not a record")


# --- all -----------------------------------------------------------------------------------------


def test_replies_stand_at_their_own_time_wherever_the_file_has_them():
    inputs, _ = read(
        row("http", 3.0, url="late", data="1"),
        row("http", 2.0, url="early", data="2"),
        row("recv", 1.0, data="a"),
        row("recv", 2.5, data="b"),
        row("recv", 4.0, data="c"),
    )
    assert [item.note or item.data.decode() for item in inputs] == ["a", "early", "b", "late", "c"]


@pytest.mark.parametrize(
    ("good", "count"),
    [
        (b"1723161253937085768 " + DEPTH, 1),
        (b"1618677817.061845: " + DEPTH, 1),
        (row("recv", 1.0, data="{}"), 1),
    ],
)
def test_a_damaged_first_line_does_not_hide_the_form(good, count):
    inputs, problems = read(b"\x00garbage", good)
    assert (len(inputs), problems.count) == (count, 1)


def test_an_empty_file_is_a_problem():
    for rows in ((), (b"", b"  ")):
        inputs, problems = read(*rows)
        assert (inputs, problems.listed) == ([], ["the file is empty"])


def test_a_file_of_junk_is_all_problems_of_which_the_first_are_listed():
    inputs, problems = read(*[b"junk"] * (HEAD_LINES + 100))
    assert (inputs, problems.count) == ([], HEAD_LINES + 100)
    shown = problems.lines()
    assert len(shown) == PROBLEMS_MAX + 1
    assert shown[-1] == f"{HEAD_LINES + 100 - PROBLEMS_MAX} more problems"


@given(st.integers(0, TIME_MAX // 10**9 - 1), st.integers(0, 10**9 - 1))
def test_seconds_become_exact_nanoseconds(seconds, fraction):
    assert nanoseconds(f"{seconds}.{fraction:09d}") == seconds * 10**9 + fraction


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_any_bytes_give_inputs_or_problems_and_never_an_error(rows):
    inputs, problems = read(*rows)
    assert all(0 <= item.ts_recv <= TIME_MAX for item in inputs)
    assert len(inputs) + problems.count <= len(rows) + 1
