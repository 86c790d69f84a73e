"""A recording holds every input, replays from each segment, and says where it differs."""

import os
import random
import shutil
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

import checkpoint
from market.inputs import Input, InputKind
from replay import recording as recorder_module
from replay.native import Replay
from replay.native_compress import Compressor
from replay.native_format import (
    KIND_FINAL,
    KIND_SOURCE,
    LOG,
    PREFIX,
    BadRecordError,
    UnsupportedRecordingError,
    decode_opening,
    decode_record,
    encode_opening,
)
from replay.native_reader import NoRecordingError, Recording
from replay.recording import SOURCES_MAX, Recorder
from replay.segment import Corrupt, DiskFull, Record, SegmentImage, SegmentWriter, WriterLocked
from replay.segment_files import list_segments
from replay.segment_format import encode_header, encode_record
from tests.recorded_world import feed, fresh_node, record

SMALL = 192 * 1024


def verify(directory, **options):
    return Replay(Recording(directory), checkpoint, verify=True, **options).run()


def state_of_nothing() -> bytes:
    return checkpoint.dump(fresh_node())


def plain(directory, **options) -> Recorder:
    """Return a recorder whose node stands still."""
    options = {"checkpoint": state_of_nothing, "started_ns": 0, "segment_bytes": SMALL, **options}
    return Recorder(directory, **options)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A recording of the generated feed in many segments, and its node."""
    directory = tmp_path_factory.mktemp("recorded")
    node = record(directory, feed(), segment_bytes=SMALL)
    return directory, node


def test_a_recording_replays_to_the_same_digest_and_verifies_every_input(recorded):
    directory, node = recorded
    done = verify(directory)
    assert (done.difference, done.problems, done.notes) == (None, [], [])
    assert done.verified == done.inputs == len(feed())
    assert int(done.node.digest) == int(node.digest)
    assert checkpoint.state_hash(done.node) == checkpoint.state_hash(node)
    assert len(done.segments) == done.checkpoints > 6


def test_a_replay_from_any_segment_verifies(recorded):
    directory, node = recorded
    inputs = verify(directory).inputs
    for number in Recording(directory).numbers:
        done = verify(directory, first=number)
        assert done.difference is None
        assert done.verified == done.inputs <= inputs
        assert int(done.node.digest) == int(node.digest)
        inputs = done.inputs


def test_inputs_of_every_kind_come_back_as_they_were(tmp_path):
    inputs = [
        Input(5, kind, f"binance.{index}", os.urandom(index * 700), "nöte" * index, index - 2)
        for index, kind in enumerate(InputKind)
    ]
    inputs += [
        Input(6, InputKind.FRAME, "binance.0", b"", "\udc80", -(1 << 63)),
        Input(7, InputKind.CLOCK, "", b"x", "", (1 << 63) - 1),
    ]
    with plain(tmp_path, segment_bytes=16 * 1024) as recorder:
        for at, one in enumerate(inputs):
            assert recorder.record(*one, digest_before=(1 << 64) - 1 - at)
    recording = Recording(tmp_path)
    entries = [entry for number in recording.numbers for entry in recording.part(number)]
    assert [entry.input for entry in entries] == inputs
    assert [entry.digest for entry in entries] == [(1 << 64) - 1 - at for at in range(len(inputs))]


def test_the_data_of_an_input_may_be_a_frame_of_several_mebibytes(tmp_path):
    data = os.urandom(3 << 20)
    with plain(tmp_path) as recorder:
        recorder.record(1, InputKind.FRAME, "binance.1", data)
    entries = [entry for number in (1, 2) for entry in Recording(tmp_path).part(number)]
    assert [entry.input.data for entry in entries] == [data]


def rewrite(directory, number, change) -> None:
    """Write a segment's records anew as `change(record)` has them, with valid checksums."""
    file = next(one for one in list_segments(directory, LOG) if one.number == number)
    image = SegmentImage(file.path)
    header = image.header
    opening, seed = encode_header(number, header.first_record, header.checkpoint)
    out = [opening]
    out += [
        encode_record(one.number, one.kind, one.ts_ns, one.payload, seed)
        for one in map(change, image)
    ]
    out.append(encode_record(image.tail.record, 0xFFFF_FFFE, 0, b"", seed))
    file.path.write_bytes(b"".join(out))


def test_one_changed_byte_of_one_input_is_named_exactly(recorded, tmp_path):
    source, _ = recorded
    rng = random.Random(4)
    parts = Recording(source)
    quotes = [
        (number, entry)
        for number in parts.numbers
        for entry in parts.part(number)
        if entry.input is not None and b"bookTicker" in entry.input.data[:60]
    ]
    for number, entry in rng.sample(quotes[200:], 3):
        directory = tmp_path / str(entry.number)
        shutil.copytree(source, directory)

        def change(one, entry=entry):
            if one.number != entry.number:
                return one
            # The last digit of the best bid's size.
            at = one.payload.index(b'"', one.payload.index(b'"B":"') + 5) - 1
            digit = b"%d" % ((one.payload[at] - 48 + 1) % 10)
            return one._replace(payload=one.payload[:at] + digit + one.payload[at + 1 :])

        rewrite(directory, number, change)
        difference = verify(directory).difference
        assert (difference.number, difference.segment) == (entry.number, number)
        assert difference.input.ts_recv == entry.input.ts_recv
        assert difference.recorded != difference.replayed


def test_state_that_no_digest_shows_is_compared_at_the_next_checkpoint(tmp_path):
    inputs = list(feed()[:1000])
    inputs.insert(500, inputs[500]._replace(kind=InputKind.TIMER, source="timer", data=b""))
    record(tmp_path, inputs, segment_bytes=SMALL)

    def change(one):
        # A clock step counts and writes a log line, which enters no digest.
        return one._replace(kind=int(InputKind.CLOCK if one.kind == InputKind.TIMER else one.kind))

    (number,) = [
        number
        for number in Recording(tmp_path).numbers
        for entry in Recording(tmp_path).part(number)
        if entry.input is not None and entry.input.kind is InputKind.TIMER
    ]
    rewrite(tmp_path, number, change)
    difference = verify(tmp_path).difference
    assert (difference.input, difference.segment) == (None, number + 1)


def test_a_changed_closing_digest_names_the_last_input(recorded, tmp_path):
    shutil.copytree(recorded[0], tmp_path, dirs_exist_ok=True)
    last = Recording(tmp_path).numbers[-1]
    rewrite(
        tmp_path,
        last,
        lambda one: one._replace(payload=bytes(8)) if one.kind == KIND_FINAL else one,
    )
    difference = verify(tmp_path).difference
    entries = [entry for entry in Recording(tmp_path).part(last) if entry.input is not None]
    assert difference.number == entries[-1].number


def test_a_corrupt_middle_is_named_and_reading_goes_on_at_the_next_checkpoint(recorded, tmp_path):
    shutil.copytree(recorded[0], tmp_path, dirs_exist_ok=True)
    file = list_segments(tmp_path, LOG)[2]
    data = bytearray(file.path.read_bytes())
    data[-SMALL // 4] ^= 1
    file.path.write_bytes(data)
    done = verify(tmp_path)
    assert done.difference is None
    assert len(done.problems) == 1
    assert file.path.name in done.problems[0]
    assert "after the damage" in done.notes[0]
    assert int(done.node.digest) == int(recorded[1].digest)
    assert 0 < done.verified < len(feed())


def test_a_missing_segment_is_a_problem_and_reading_goes_on(recorded, tmp_path):
    shutil.copytree(recorded[0], tmp_path, dirs_exist_ok=True)
    list_segments(tmp_path, LOG)[3].path.unlink()
    done = verify(tmp_path)
    assert "before it is not there" in done.problems[0]
    assert done.difference is None
    assert int(done.node.digest) == int(recorded[1].digest)


def test_compressed_segments_verify(tmp_path):
    compressor = Compressor()
    node = record(tmp_path, feed(), segment_bytes=SMALL, compress=compressor)
    compressor.close(finish=True)
    assert compressor.failed == {}
    assert compressor.compressed > 4
    assert sum(file.packed for file in list_segments(tmp_path, LOG)) == compressor.compressed
    done = verify(tmp_path)
    assert done.verified == len(feed())
    assert int(done.node.digest) == int(node.digest)


def test_a_segment_that_cannot_be_compressed_stays_and_is_not_tried_again(tmp_path):
    path = tmp_path / "recording-000001.seg"
    path.write_bytes(b"no segment")
    compressor = Compressor()
    compressor(path)
    compressor(tmp_path / "recording-000002.seg")
    compressor.close(finish=True)
    assert list(compressor.failed) == [path.name]
    assert compressor.compressed == 0
    compressor(path)
    assert path.exists()


def test_the_oldest_segments_are_deleted_and_what_is_left_verifies(tmp_path):
    node = record(tmp_path, feed(), segment_bytes=SMALL, retain_bytes=3 * SMALL)
    numbers = Recording(tmp_path).numbers
    assert numbers[0] > 3
    assert sum(file.path.stat().st_size for file in list_segments(tmp_path, LOG)) <= 3 * SMALL
    done = verify(tmp_path)
    assert 0 < done.verified == done.inputs < len(feed())
    assert int(done.node.digest) == int(node.digest)


def test_a_replay_stops_behind_the_last_input_up_to_its_time(recorded):
    middle = feed()[len(feed()) // 2].ts_recv
    done = verify(recorded[0], to_ns=middle)
    assert done.last_ns <= middle
    assert done.inputs == sum(one.ts_recv <= middle for one in feed())
    assert done.verified == done.inputs


def test_a_time_finds_the_newest_checkpoint_up_to_it(recorded):
    recording = Recording(recorded[0])
    heads = [recording.head(number) for number in recording.numbers]
    for (number, head), (_, later) in pairwise(zip(recording.numbers, heads, strict=True)):
        assert recording.segment_at(head.ts_ns) <= number
        assert recording.segment_at(later.ts_ns - 1) == number
    assert recording.segment_at(0) == recording.numbers[0]


def test_a_second_run_into_the_same_directory_starts_from_its_own_checkpoint(tmp_path):
    record(tmp_path, feed()[:300], segment_bytes=SMALL)
    node = record(tmp_path, feed()[:400], segment_bytes=SMALL)
    done = verify(tmp_path)
    assert done.verified == 700
    assert ["started anew" in note for note in done.notes] == [True]
    assert int(done.node.digest) == int(node.digest)


# --- what stops a recorder -----------------------------------------------------------------------


class Disk:
    """A disk that is full for the segments' space while `full` is set."""

    def __init__(self, monkeypatch) -> None:
        self.full = False
        real = SegmentWriter._switch

        def switch(writer, size, number, image):
            if self.full:
                writer.counts.disk_full += 1
                raise DiskFull("no room for a segment")
            real(writer, size, number, image)

        monkeypatch.setattr(SegmentWriter, "_switch", switch)


def test_a_full_disk_stops_the_recording_and_room_resumes_it_in_a_new_segment(
    tmp_path, monkeypatch
):
    disk, heard = Disk(monkeypatch), []
    inputs = feed()

    def at(place):
        disk.full = len(inputs) // 3 < place < len(inputs) // 2

    recorders = []
    node = record(
        tmp_path,
        inputs,
        before=at,
        recorders=recorders,
        segment_bytes=SMALL,
        on_change=lambda recording, reason: heard.append((recording, reason)),
    )
    (recorder,) = recorders
    assert heard == [(False, "no room for a segment"), (True, "")]
    assert recorder.counts.stops == 1
    done = verify(tmp_path)
    assert done.difference is None
    assert done.problems == []
    assert f"{recorder.counts.missed} inputs before it were not recorded" in done.notes[0]
    assert done.inputs == len(inputs) - recorder.counts.missed
    assert int(done.node.digest) == int(node.digest)


def test_a_full_disk_is_asked_ever_more_rarely(tmp_path, monkeypatch):
    disk = Disk(monkeypatch)
    asked = []

    def state() -> bytes:
        asked.append(True)
        return b"{}"

    recorder = Recorder(tmp_path, checkpoint=state, started_ns=0, segment_bytes=16 * 1024)
    disk.full = True
    for ns in range(0, 200 * 10**9, 10**8):
        recorder.record(ns, InputKind.FRAME, "binance.1", b"x" * 4000)
    assert not recorder.recording
    assert recorder.reason == "no room for a segment"
    assert len(asked) == 1 + 1 + 8  # at the start, at the stop, after 1 2 4 8 16 32 60 60 s
    recorder.close(0)


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), PermissionError(13, "no")])
def test_any_refusal_of_the_system_stops_the_recording_and_not_the_caller(
    tmp_path, monkeypatch, error
):
    recorder = plain(tmp_path, segment_bytes=16 * 1024, checkpoint=lambda: b"{}")

    def refuse(*_):
        raise error

    monkeypatch.setattr("replay.segment_writer.allocate", refuse)
    results = [recorder.record(ns, InputKind.FRAME, "binance.1", b"x" * 4000) for ns in range(9)]
    assert results[0]
    assert not results[-1]
    assert str(error) in recorder.reason
    assert recorder.counts.missed == results.count(False)
    recorder.close(0)


def test_a_writer_that_failed_for_good_is_replaced_when_recording_resumes(tmp_path, monkeypatch):
    node_state = [state_of_nothing()]
    recorder = plain(tmp_path, sync="disk", checkpoint=lambda: node_state[0])
    recorder.record(1, InputKind.FRAME, "binance.1", b"one")
    real = os.fdatasync

    def fail(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    recorder.flush()
    assert not recorder.recording
    monkeypatch.setattr(os, "fdatasync", real)
    assert not recorder.record(2, InputKind.FRAME, "binance.1", b"two")
    assert recorder.record(10**10, InputKind.FRAME, "binance.1", b"three")
    recorder.close(0)
    recording = Recording(tmp_path)
    found = [e.input.data for n in recording.numbers for e in recording.part(n) if e.input]
    assert found == [b"one", b"three"]


def test_an_input_beyond_the_formats_limit_leaves_a_gap_of_one(tmp_path):
    recorder = plain(tmp_path)
    assert recorder.record(1, InputKind.FRAME, "binance.1", b"one")
    assert not recorder.record(2, InputKind.FRAME, "binance.1", bytes(64 << 20))
    assert recorder.record(3, InputKind.FRAME, "binance.1", b"three")
    assert recorder.counts.missed == 1
    recorder.close(0)
    assert Recording(tmp_path).head(2).missed == 1


def test_a_number_beyond_64_bits_is_refused(tmp_path):
    with plain(tmp_path) as recorder, pytest.raises(ValueError, match="64 bits"):
        recorder.record(1, InputKind.CLOCK, "clock", number=1 << 63)


def test_ever_new_sources_never_grow_a_segments_head_beyond_its_bound(tmp_path):
    with plain(tmp_path, segment_bytes=1 << 20) as recorder:
        for index in range(3 * SOURCES_MAX):
            recorder.record(index, InputKind.OPEN, f"binance.ws#{index}")
    recording = Recording(tmp_path)
    assert all(len(recording.head(number).sources) <= SOURCES_MAX for number in recording.numbers)
    found = [e.input.source for number in recording.numbers for e in recording.part(number)]
    assert found == [f"binance.ws#{index}" for index in range(3 * SOURCES_MAX)]


def test_one_recorder_holds_a_directory(tmp_path):
    with plain(tmp_path), pytest.raises(WriterLocked):
        plain(tmp_path)


def test_a_closed_recorder_takes_nothing_more(tmp_path):
    recorder = plain(tmp_path)
    recorder.close(7)
    recorder.close(8)
    assert not recorder.record(10**12, InputKind.FRAME, "binance.1", b"late")
    assert [entry.digest for entry in Recording(tmp_path).part(1)] == [7]


# --- crashes -------------------------------------------------------------------------------------

_CHILD = """
import sys
from pathlib import Path
from tests.recorded_world import feed, record

def told(place):
    if place % 20 == 0:
        print(place, flush=True)

record(Path(sys.argv[1]), feed(), before=told, segment_bytes=int(sys.argv[2]))
print("done", flush=True)
"""


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_recorder_loses_at_most_the_record_being_written(tmp_path, seed):
    target = 20 * random.Random(seed).randrange(1, len(feed()) // 20)
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(tmp_path), str(SMALL)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    place = 0
    with child:
        for line in child.stdout:
            place = int(line)
            if place >= target:
                child.send_signal(signal.SIGKILL)
                break
        rest = [int(line) for line in child.stdout if line.strip().isdigit()]
    place = max([place, *rest])
    done = verify(tmp_path)
    assert done.difference is None
    assert done.problems == []
    # `place` inputs were recorded when the child said so.
    assert place <= done.inputs <= place + 20
    assert done.inputs - 1 <= done.verified <= done.inputs
    node = fresh_node()
    for one in feed()[: done.inputs]:
        node.handle(*one)
    assert int(done.node.digest) == int(node.digest)
    record(tmp_path, feed()[:50], segment_bytes=SMALL)
    again = verify(tmp_path)
    assert again.difference is None
    assert again.inputs == done.inputs + 50


def test_a_torn_tail_is_a_note(tmp_path):
    recorder = plain(tmp_path)
    for ns in range(5):
        recorder.record(ns, InputKind.TIMER, "timer")
    data = list_segments(tmp_path, LOG)[0].path.read_bytes()
    recorder.close(0)
    torn = data.rstrip(b"\x00")
    list_segments(tmp_path, LOG)[0].path.write_bytes(torn[:-3])
    done = verify(tmp_path)
    assert done.problems == []
    assert "torn" in done.notes[0]
    assert done.inputs == 4


# --- what is no recording ------------------------------------------------------------------------


def test_a_directory_without_a_recording_is_named(tmp_path):
    with pytest.raises(NoRecordingError, match="no recording"):
        Recording(tmp_path)
    with pytest.raises(FileNotFoundError):
        Recording(tmp_path / "nowhere")


def test_another_version_of_the_recording_is_named(tmp_path):
    with plain(tmp_path) as recorder:
        recorder.record(1, InputKind.TIMER, "timer")
    image = SegmentImage(list_segments(tmp_path, LOG)[0].path)
    changed = image.header.checkpoint.replace(b'"version": 1', b'"version": 9', 1)
    with pytest.raises(UnsupportedRecordingError, match="version 9"):
        decode_opening(changed)


@pytest.mark.parametrize(
    "opening",
    [b"", b"{}\n", b'{"format":"other","version":1}\n', b"[]\n", b"\xff\n", b"[" * 5000],
)
def test_an_opening_that_says_nothing_is_a_named_error(opening):
    with pytest.raises(BadRecordError):
        decode_opening(opening)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (InputKind.FRAME, b"short"),
        (InputKind.FRAME, PREFIX.pack(0, 0, 1, 0)),
        (InputKind.FRAME, PREFIX.pack(0, 0, 0, 9) + b"note"),
        (InputKind.FRAME, PREFIX.pack(0, 0, 0, 1) + b"\xff"),
        (200, PREFIX.pack(0, 0, 0, 0)),
        (KIND_SOURCE, b""),
        (KIND_SOURCE, b"\x05\x00\x00\x00name"),
        (KIND_FINAL, b"x"),
        (0x102, b""),
    ],
)
def test_a_record_that_says_nothing_is_a_named_error(kind, payload):
    with pytest.raises(BadRecordError):
        decode_record(Record(3, int(kind), 0, payload), ["binance.1"])


def test_an_opening_reads_back_as_it_was_written():
    head = recorder_module.Head(5, True, 0, ("a", "b"))
    assert decode_opening(encode_opening(head, b"{}\n{}")) == (head, b"{}\n{}")


def test_damage_is_raised_to_those_who_read_parts(recorded, tmp_path):
    shutil.copytree(recorded[0], tmp_path, dirs_exist_ok=True)
    file = list_segments(tmp_path, LOG)[1]
    data = bytearray(file.path.read_bytes())
    data[-SMALL // 4] ^= 1
    file.path.write_bytes(data)
    with pytest.raises(Corrupt):
        list(Recording(tmp_path).part(2))
