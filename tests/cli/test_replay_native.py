"""`crossquote replay DIR` verifies a recording and says, with its exit code, what it found."""

import json
import shutil

import pytest

import checkpoint
from checkpoint import build
from cli.main import main
from cli.replay_native import TimeError, moment_of, time_ns
from market.inputs import InputKind
from replay.native_format import LOG
from replay.native_reader import Recording
from replay.recording import Recorder
from replay.segment import SegmentImage
from replay.segment_files import list_segments
from replay.segment_format import encode_header
from tests.recorded_world import feed, record

INPUTS = feed()[:900]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    directory = tmp_path_factory.mktemp("recorded")
    node = record(directory, INPUTS, segment_bytes=192 * 1024)
    node.finish()
    return directory, node


def run(capsys, *words) -> tuple[int, str, str]:
    code = main(["replay", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def reopened(directory, change) -> None:
    """Write the opening of the only segment anew, with a valid checksum, without records."""
    file = list_segments(directory, LOG)[0]
    header = SegmentImage(file.path).header
    opening, _ = encode_header(header.segment, header.first_record, change(header.checkpoint))
    file.path.write_bytes(opening)


@pytest.fixture
def empty(tmp_path):
    """A recording of nothing."""
    record(tmp_path, INPUTS[:1])
    return tmp_path


def test_a_good_recording_verifies_with_a_line_that_counts_the_inputs(recorded, capsys):
    code, out, err = run(capsys, recorded[0], "--verify")
    assert code == 0
    assert f"verified {len(INPUTS)} inputs in " in out.splitlines()[-1]
    assert "BTC-USDT.BINANCE" in out
    assert err == ""


def test_the_report_is_that_of_the_node_which_was_recorded(recorded, capsys):
    code, out, _ = run(capsys, recorded[0], "--json", "--verify")
    result = json.loads(out)
    assert code == 0
    assert result["digest"] == recorded[1].digest.hex
    assert result["inputs"] == result["verified"] == result["replayed"] == len(INPUTS)
    assert result["difference"] is None
    assert result["segments"] == Recording(recorded[0]).numbers


def test_times_choose_a_part_of_the_recording(recorded, capsys):
    recording = Recording(recorded[0])
    begin = recording.head(recording.numbers[1]).ts_ns
    last = INPUTS[-300].ts_recv
    code, out, _ = run(
        capsys,
        recorded[0],
        "--verify",
        "--json",
        "--from",
        moment_of(begin),
        "--to",
        moment_of(last),
    )
    result = json.loads(out)
    assert code == 0
    assert result["segments"][0] == recording.numbers[1]
    assert result["verified"] == result["replayed"] > 0
    assert result["inputs"] == sum(one.ts_recv <= last for one in INPUTS)


def test_a_difference_exits_1_and_names_input_time_source_and_segment(tmp_path, capsys):
    inputs = list(INPUTS[:600])
    place = next(
        at for at in range(400, 600) if b"bookTicker" in inputs[at].data[:60]
    )  # recorded with one price, handled with another

    class Liar(Recorder):
        def record(self, ts_recv, kind, source, data=b"", *rest, **named):
            if data is inputs[place].data:
                at = data.index(b'"', data.index(b'"B":"') + 5) - 1
                data = data[:at] + b"%d" % ((data[at] - 47) % 10) + data[at + 1 :]
            return super().record(ts_recv, kind, source, data, *rest, **named)

    record(tmp_path, inputs, recorder_class=Liar)
    code, out, err = run(capsys, tmp_path, "--verify")
    assert code == 1
    assert err.startswith("input ")
    for text in (moment_of(inputs[place].ts_recv), inputs[place].source, "segment 1", "FRAME"):
        assert text in err
    code, out, _ = run(capsys, tmp_path, "--verify", "--json")
    row = json.loads(out)["difference"]
    assert code == 1
    assert row["ts_recv"] == inputs[place].ts_recv
    assert row["recorded"] != row["replayed"]
    assert run(capsys, tmp_path)[0] == 0  # without --verify nothing is compared


def test_damage_exits_1_and_is_named(recorded, tmp_path, capsys):
    shutil.copytree(recorded[0], tmp_path, dirs_exist_ok=True)
    file = list_segments(tmp_path, LOG)[0]
    data = bytearray(file.path.read_bytes())
    data[-5000] ^= 1
    file.path.write_bytes(data)
    code, _, err = run(capsys, tmp_path, "--verify")
    assert code == 1
    assert file.path.name in err


def test_another_build_is_a_warning_and_no_error(empty, capsys):
    code = build().code.encode()
    reopened(empty, lambda opening: opening.replace(code, b"0" * 16, 1))
    exit_code, _, err = run(capsys, empty, "--verify")
    assert exit_code == 0
    assert "recorded by build" in err
    assert str(build()) in err


@pytest.mark.parametrize(
    "change",
    [
        lambda opening: opening.replace(b'"version": 1', b'"version": 5', 1),
        lambda opening: opening.replace(b'"version":%d' % checkpoint.VERSION, b'"version":5', 1),
    ],
    ids=["recording", "checkpoint"],
)
def test_another_version_exits_2_and_is_named(empty, change, capsys):
    reopened(empty, change)
    code, _, err = run(capsys, empty)
    assert code == 2
    assert "version 5" in err


def test_another_segment_version_exits_2_and_is_named(empty, capsys):
    path = list_segments(empty, LOG)[0].path
    data = bytearray(path.read_bytes())
    data[8] = 9
    path.write_bytes(data)
    code, _, err = run(capsys, empty)
    assert code == 2
    assert "version 9" in err


def test_a_recording_of_which_no_segment_can_be_read_exits_1(empty, capsys):
    path = list_segments(empty, LOG)[0].path
    path.write_bytes(b"XQ" + path.read_bytes()[2:40])
    code, _, err = run(capsys, empty, "--json")
    assert code == 1
    assert "no segment can be read" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "either"),
        (["DIR", "--source", "binance=x"], "either"),
        (["--source", "binance=x", "--verify"], "--verify does not go with --source"),
        (["DIR", "--taker", "binance=0"], "--taker does not go with DIR"),
        (["DIR", "--from", "soon"], "expected a UTC time"),
        (["DIR", "--to", "2026-13-01"], "month"),
        (["EMPTY"], "no recording"),
        (["EMPTY/none"], "No such file"),
    ],
)
def test_wrong_usage_exits_2_and_says_why(recorded, tmp_path, words, message, capsys):
    places = {"DIR": recorded[0], "EMPTY": tmp_path, "EMPTY/none": tmp_path / "none"}
    code, _, err = run(capsys, *(places.get(word, word) for word in words))
    assert code == 2
    assert message in err


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("+0", 7),
        ("+12.5", 12_500_000_007),
        ("+0.000000001", 8),
        ("1970-01-01", 0),
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01 00:01", 60 * 10**9),
        ("1970-01-01T00:00:01.123456789+00:00", 1_123_456_789),
        ("2026-01-01T00:00:00Z", 1_767_225_600 * 10**9),
    ],
)
def test_times_are_exact_to_the_nanosecond(text, ns):
    assert time_ns(text, 7) == ns


@pytest.mark.parametrize("text", ["", "+", "12", "+1e3", "2026-02-30", "2026-01-01T25:00"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(TimeError):
        time_ns(text, 0)


def test_a_moment_reads_back_as_its_time():
    for ns in (0, 1, 1_767_225_600_123_456_789):
        assert time_ns(moment_of(ns), 0) == ns


def test_timers_in_the_recording_are_replayed(tmp_path, capsys):
    inputs = list(INPUTS[:200])
    inputs.insert(150, inputs[150]._replace(kind=InputKind.TIMER, source="timer", data=b""))
    record(tmp_path, inputs)
    code, out, _ = run(capsys, tmp_path, "--verify", "--json")
    assert code == 0
    assert json.loads(out)["verified"] == 201
