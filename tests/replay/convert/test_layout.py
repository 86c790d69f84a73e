"""Whatever a public file holds, recording and layout together give it back byte for byte."""

import io
import json

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from market.inputs import Input, InputKind
from replay.convert.errors import DamageError, DirectionError, Tolerance
from replay.convert.layout import NAME, LaidOut, Layout, LayoutWriter
from replay.convert.lines import CannotHoldError, form_a, form_b, form_c, seconds
from replay.convert.public import PublicSource
from replay.forms import nanoseconds
from replay.lines import lines
from tests.effort import examples

A_LINES = [
    b'1700000000000000001 {"stream":"btcusdt@trade","data":{}}',
    b'1700000000000000000 {"stream":"btcusdt@trade","data":{"a":"\xc3\xa9"}}',
    b'1700000000000000005 {"lastUpdateId":5,"bids":[],"asks":[]}',
    b'1700000000000009 {"stream":"ethusdt@trade"}',
    b"x 1",
    b"",
    b"1700000000000000007 \xff\xfe",
]
B_LINES = [
    b"wss://a.example <-> 1700000000.5",
    b"wss://a.example <- 1700000000.6: {}",
    b'1700000001.25: {"a":1}',
    b"1700000001.250: {}",
    b"https://a.example/depth?symbol=X -> 1700000003.1: {}",
    b"https://a.example/depth?symbol=X -> 1700000000.1: {}",
    b"configuration: {}",
    b"garbage",
    b"",
]
C_LINES = [
    b'{"t":"header","format":2}',
    b'{"t":"connect","conn":"V.ws.1","ts":1700000000.5,"addr":"wss://a"}',
    b'{"t":"recv","conn":"V.ws.1","ts":1700000001.25,"data":"{\\"a\\":1}"}',
    b'{"t":"recv","conn":"V.ws.1","ts":1700000001.250,"data":"x"}',
    b'{"t":"recv", "conn":"V.ws.2","ts":1700000002.0,"data":"\\u00e9"}',
    b'{"t":"recv","conn":"binance.odd","ts":1700000002.0,"data":"y"}',
    b'{"t":"http","conn":"V.http","ts":1700000009.1,"url":"https://a","data":"{}"}',
    b'{"t":"http","conn":"http.sync","ts":1700000000.1,"url":"https://a","data":"{}"}',
    b'{"t":"close","conn":"V.ws.1","ts":1700000003.5,"reason":"gone"}',
    b'{"t":"disconnect","conn":"V.ws.1","ts":1700000003.5,"reason":"gone"}',
    b'{"t":"send","conn":"V.ws.1","ts":1700000000.6,"data":"{}"}',
    b'{"t":"what"}',
    b"garbage",
]


def laid(tmp_path, *paths):
    """Return the inputs of public files and the layout beside them, damage passed over."""
    sink = io.BytesIO()
    source = PublicSource([("binance", list(paths))], Tolerance(True), lambda count: None)
    inputs = list(source.inputs(LayoutWriter(sink)))
    write_layout(tmp_path, sink.getvalue())
    return inputs


def write_layout(directory, text: bytes) -> None:
    (directory / NAME).write_bytes(zstandard.ZstdCompressor().compress(text))


def back(directory, inputs) -> list[bytes]:
    layout = Layout(directory)
    sinks = [io.BytesIO() for _ in layout.files]
    layout.write(iter(inputs), sinks)
    return [sink.getvalue() for sink in sinks]


@settings(max_examples=examples(0.8))
@given(
    files=st.lists(
        st.one_of(
            *(st.lists(st.sampled_from(pool), max_size=12) for pool in (A_LINES, B_LINES, C_LINES))
        ),
        min_size=1,
        max_size=3,
    ),
    ends=st.booleans(),
)
def test_any_files_come_back_byte_for_byte(files, ends, tmp_path_factory):
    """Damaged lines, lines out of order and files without a last line end included."""
    directory = tmp_path_factory.mktemp("laid")
    paths, texts = [], []
    for at, rows in enumerate(files):
        text = b"\n".join(rows) + (b"\n" if ends and rows else b"")
        paths.append(directory / f"{at}.txt")
        paths[-1].write_bytes(text)
        texts.append(text)
    inputs = laid(directory, *paths)
    assert back(directory, inputs) == texts


def test_lines_that_follow_from_the_inputs_are_not_kept_twice(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\n".join(A_LINES[:1] * 500) + b"\n")
    inputs = laid(tmp_path, path)
    steps = [json.loads(line) for line in _steps(tmp_path)]
    assert steps == [["skip", 1], [0, "take", 500]]
    assert len(inputs) == 501


def _steps(directory) -> list[bytes]:
    return list(lines(directory / NAME))[1:]


def test_a_layout_that_does_not_fit_its_recording_is_damage(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(A_LINES[0] + b"\n")
    inputs = laid(tmp_path, path)
    with pytest.raises(DamageError, match="ends before"):
        back(tmp_path, inputs[:-1])
    with pytest.raises(DamageError, match="goes on"):
        back(tmp_path, [*inputs, inputs[-1]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no layout"),
        (b"{}", "line 1"),
        (b"[", "line 1"),
        (b'{"format":"crossquote-layout","version":2,"files":[]}', "no layout of version 1"),
        (b'{"format":"crossquote-layout","version":1,"files":[{"a":1}]}', "line 1"),
        (
            b'{"format":"crossquote-layout","version":1,"files":[{"venue":"v","name":5,"form":"a"}]}',
            "not of text",
        ),
    ],
)
def test_a_damaged_head_is_named(text, message, tmp_path):
    write_layout(tmp_path, text)
    with pytest.raises(DamageError, match=message):
        Layout(tmp_path)


@pytest.mark.parametrize(
    "step",
    [
        b"[",
        b"5",
        b'[7,"line","x"]',
        b'[-1,"line","x"]',
        b'[-1,"open"]',
        b'[0,"hex","zz"]',
        b'["take"]',
        b'[0,"take",1]',
        b"null",
    ],
)
def test_a_damaged_step_is_named_with_its_line(step, tmp_path):
    head = {"format": "crossquote-layout", "version": 1}
    head["files"] = [{"venue": "binance", "name": "a", "form": "a", "unit": "ns"}]
    write_layout(tmp_path, json.dumps(head).encode() + b"\n" + step + b"\n")
    with pytest.raises(DamageError, match="line 2"):
        back(tmp_path, [])


def test_files_of_one_name_are_refused(tmp_path):
    (tmp_path / "x").mkdir()
    paths = [tmp_path / "a.txt", tmp_path / "x" / "a.txt"]
    for path in paths:
        path.write_bytes(A_LINES[0])
    with pytest.raises(DirectionError, match="same name"):
        PublicSource([("binance", paths)], Tolerance(), lambda count: None)


# --- single lines --------------------------------------------------------------------------------


@given(st.integers(0, 4 * 10**18))
def test_seconds_keep_every_nanosecond(ts):
    assert nanoseconds(seconds(ts)) == ts


FRAME = Input(1_700_000_000_000_000_000, InputKind.FRAME, "binance.1", b"{}")


@pytest.mark.parametrize(
    ("item", "holds"),
    [
        (FRAME, "abc"),
        (FRAME._replace(data=b"a\nb"), "c"),
        (FRAME._replace(data=b"\xff"), "ab"),
        (FRAME._replace(data=b""), "bc"),
        (FRAME._replace(ts_recv=5), "bc"),
        (FRAME._replace(kind=InputKind.OPEN, note="wss://a"), "bc"),
        (FRAME._replace(kind=InputKind.OPEN, note="as recorded"), "c"),
        (FRAME._replace(kind=InputKind.OPEN, note="\ud800"), ""),
        (FRAME._replace(kind=InputKind.CLOSE, note="1006"), "c"),
        (FRAME._replace(kind=InputKind.REPLY, note="https://a", number=200), "abc"),
        (FRAME._replace(kind=InputKind.REPLY, note="/depth", number=200), "ac"),
        (FRAME._replace(kind=InputKind.REPLY, note="https://a", number=429), "c"),
        (FRAME._replace(kind=InputKind.TIMER), ""),
        (FRAME._replace(kind=InputKind.CLOCK, number=5), ""),
    ],
)
def test_each_form_holds_what_it_can_say_and_refuses_the_rest(item, holds):
    for form in "abc":
        try:
            line = LaidOut("binance", "x", form).render(item)
        except CannotHoldError:
            assert form not in holds, (form, item)
        else:
            assert form in holds, (form, line)
            assert b"\n" not in line


def test_form_a_in_microseconds_refuses_a_finer_time():
    assert form_a(FRAME, "us") == b"1700000000000000 {}"
    with pytest.raises(CannotHoldError, match="the time"):
        form_a(FRAME._replace(ts_recv=FRAME.ts_recv + 1), "us")


def test_the_lines_are_spelled_as_the_recorders_spell_them():
    assert form_b(FRAME) == b"1700000000.0: {}"
    assert form_c(FRAME._replace(data='"é"'.encode()), "V.ws.1") == (
        '{"t":"recv","conn":"V.ws.1","ts":1700000000.0,"data":"\\"é\\""}'.encode()
    )
    reply = FRAME._replace(kind=InputKind.REPLY, note="https://a", number=503)
    assert form_c(reply, "http.sync") == (
        b'{"t":"http","conn":"http.sync","ts":1700000000.0,"url":"https://a","status":503,'
        b'"data":"{}"}'
    )
