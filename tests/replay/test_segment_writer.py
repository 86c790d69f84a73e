"""Writing a log: rolling, bounds, states and failures of the system."""

import errno
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.segment import (
    MAX_CHECKPOINT,
    MAX_PAYLOAD,
    DiskFull,
    RecordTooLarge,
    SegmentError,
    SegmentReader,
    SegmentWriter,
    SyncFailed,
    WriterClosed,
    WriterFailed,
    WriterLocked,
    compress,
)
from replay.segment_plain import PlainLog
from tests.effort import examples

SMALL = 16 * 1024


def open_log(directory, **options) -> SegmentWriter:
    options = {"sync": "process", "segment_bytes": SMALL, "checkpoint": lambda: b"cp", **options}
    return SegmentWriter(directory, "log", **options)


def contents(directory) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


records = st.lists(
    st.tuples(
        st.integers(0, 0xFFFF_FEFF),
        st.integers(-(2**63), 2**63 - 1),
        st.one_of(st.binary(max_size=100), st.integers(0, 40_000).map(bytes)),
    ),
    max_size=25,
)


@settings(max_examples=examples(0.3))
@given(records, st.sampled_from(["process", "disk"]), st.integers(1, 9))
def test_what_is_written_is_read_and_the_twin_writes_the_same_files(work, sync, group):
    written = []
    for log in (None, PlainLog()):
        with tempfile.TemporaryDirectory() as folder:
            directory = Path(folder)
            with open_log(directory, sync=sync, log=log) as writer:
                for number, record in enumerate(work):
                    assert writer.append(*record) == number
                    if number % group == 0:
                        assert writer.flush() == number + 1
                assert writer.appended == len(work)
            assert writer.acknowledged == len(work)
            reader = SegmentReader(directory, "log")
            assert list(reader) == [(number, *record) for number, record in enumerate(work)]
            assert reader.tail.sealed
            assert all(reader.header(f.number).checkpoint == b"cp" for f in reader.segments())
            written.append(contents(directory))
    assert written[0] == written[1]


def test_a_record_larger_than_a_segment_gets_a_segment_of_its_own(tmp_path):
    with open_log(tmp_path) as writer:
        writer.append(1, 1, b"small")
        writer.append(1, 2, bytes(100_000))
        writer.append(1, 3, b"small")
        assert writer.segment == 2
        writer.append(1, 4, bytes(10_000))
        assert writer.segment == 3
    assert [len(r.payload) for r in SegmentReader(tmp_path, "log")] == [5, 100_000, 5, 10_000]


def test_the_largest_payload_is_taken_and_one_byte_more_is_refused(tmp_path):
    with open_log(tmp_path) as writer:
        writer.append(1, 1, bytes(MAX_PAYLOAD))
        with pytest.raises(RecordTooLarge):
            writer.append(1, 2, bytes(MAX_PAYLOAD + 1))
        assert writer.appended == 1
        assert writer.counts.too_large == 1
        writer.append(1, 3, b"after")
    assert [r.number for r in SegmentReader(tmp_path, "log")] == [0, 1]


def test_each_segment_opens_with_the_checkpoint_of_its_moment(tmp_path):
    seen: list[int] = []
    with open_log(tmp_path, checkpoint=lambda: b"%d" % len(seen)) as writer:
        for number in range(40):
            writer.append(1, number, bytes(1000))
            seen.append(number)
        writer.roll()
    reader = SegmentReader(tmp_path, "log")
    headers = [reader.header(file.number) for file in reader.segments()]
    assert len(headers) > 3
    assert all(int(header.checkpoint) == header.first_record for header in headers)
    assert next(reader.records(headers[2].segment)).number == headers[2].first_record


def test_a_checkpoint_that_fails_or_is_too_large_or_writes_changes_nothing(tmp_path):
    answers = [b"first"]
    writer = open_log(tmp_path, checkpoint=lambda: answers[0])
    writer.append(1, 1, b"kept")
    before = contents(tmp_path)
    answers[0] = bytes(MAX_CHECKPOINT + 1)
    with pytest.raises(RecordTooLarge):
        writer.roll()
    answers.clear()
    with pytest.raises(IndexError):
        writer.roll()
    assert contents(tmp_path) == before
    writer.close()


def test_a_checkpoint_that_writes_to_its_own_log_is_refused(tmp_path):
    actions = [bytes]

    def checkpoint() -> bytes:
        return actions[-1]() or b""

    writer = open_log(tmp_path, checkpoint=checkpoint)
    actions.append(writer.roll)
    with pytest.raises(SegmentError, match="must not write"):
        writer.roll()
    actions.pop()
    writer.roll()
    writer.close()


def test_retention_deletes_the_oldest_closed_segments_in_either_form_and_keeps_the_bound(tmp_path):
    bound = 5 * SMALL
    with open_log(tmp_path, retain_bytes=bound) as writer:
        for number in range(300):
            writer.append(1, number, os.urandom(500))
            total = sum(path.stat().st_size for path in tmp_path.iterdir())
            assert total <= bound
            if number == 100:
                compress(tmp_path / f"log-{writer.segment - 1:06d}.seg")
        assert writer.counts.deleted_segments > 3
    reader = SegmentReader(tmp_path, "log")
    numbers = [record.number for record in reader]
    assert numbers[-1] == 299
    assert numbers[0] > 100
    assert numbers == list(range(numbers[0], 300))


def test_without_a_bound_nothing_is_deleted(tmp_path):
    with open_log(tmp_path) as writer:
        for number in range(200):
            writer.append(1, number, bytes(500))
    assert len(list(SegmentReader(tmp_path, "log"))) == 200


def test_settings_out_of_range_are_refused(tmp_path):
    for options in (
        {"sync": "never"},
        {"segment_bytes": 4096},
        {"segment_bytes": 2**31},
        {"retain_bytes": 2 * SMALL - 1},
    ):
        with pytest.raises(ValueError, match=r"sync|segment"):
            open_log(tmp_path, **options)
    with pytest.raises(ValueError, match="log name"):
        SegmentWriter(tmp_path, "../x", checkpoint=bytes, sync="disk")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_log(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError):
        list(SegmentReader(tmp_path / "nowhere", "log"))


def test_a_read_only_directory_is_named():
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        directory.chmod(0o555)
        user = os.geteuid()
        try:
            if user == 0:
                os.seteuid(65534)  # the superuser may write anywhere
            with pytest.raises(PermissionError):
                open_log(directory)
        finally:
            os.seteuid(user)
            directory.chmod(0o755)


def test_a_second_writer_is_refused_until_the_first_is_closed(tmp_path):
    with open_log(tmp_path) as first:
        with pytest.raises(WriterLocked):
            open_log(tmp_path)
        first.append(1, 1, b"x")
    open_log(tmp_path).close()


def test_a_closed_writer_takes_nothing_and_may_be_closed_again(tmp_path):
    writer = open_log(tmp_path)
    writer.close()
    writer.close()
    assert writer.state == "closed"
    for call in (writer.flush, writer.roll, lambda: writer.append(1, 1, b"x")):
        with pytest.raises(WriterClosed):
            call()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_named_changes_nothing_and_may_pass(tmp_path, monkeypatch, code):
    writer = open_log(tmp_path)
    writer.append(1, 1, b"before")

    def refuse(fd: int, offset: int, size: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", refuse)
        with pytest.raises(DiskFull):
            writer.append(1, 2, bytes(SMALL))
        assert writer.counts.disk_full == 1
        assert writer.append(1, 3, b"still fits") == 1
        assert not list(tmp_path.glob("*.new"))
        with pytest.raises(DiskFull):
            SegmentWriter(tmp_path, "other", checkpoint=bytes, sync="process")
    assert writer.append(1, 4, bytes(SMALL)) == 2
    writer.close()
    assert [record.ts_ns for record in SegmentReader(tmp_path, "log")] == [1, 3, 4]


def test_another_refusal_of_the_system_keeps_its_name(tmp_path, monkeypatch):
    def refuse(fd: int, offset: int, size: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(OSError, match="input/output"):
        open_log(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["log.lock"]


LIMITED = """
import resource, sys
from pathlib import Path
from replay.segment import DiskFull, SegmentWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
writer = SegmentWriter(Path(sys.argv[1]), "log", checkpoint=bytes, sync="disk", segment_bytes=16384)
writer.append(1, 1, b"before")
try:
    writer.append(1, 2, bytes(100_000))
except DiskFull:
    writer.append(1, 3, b"after")
    writer.close()
    print("full", writer.acknowledged)
"""


def test_the_system_limit_on_file_size_is_a_full_disk_not_a_signal(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "full 2\n", "")
    assert [r.payload for r in SegmentReader(tmp_path, "log")] == [b"before", b"after"]


@pytest.mark.parametrize("call", ["flush", "roll", "close", "append"])
def test_a_failed_sync_is_final(tmp_path, monkeypatch, call):
    writer = open_log(tmp_path, sync="disk")
    writer.append(1, 1, b"safe")
    assert writer.flush() == 1
    writer.append(1, 2, b"lost?")

    def refuse(fd: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", refuse)
        with pytest.raises(SyncFailed):
            writer.append(1, 3, bytes(SMALL)) if call == "append" else getattr(writer, call)()
    assert writer.state == "failed"
    assert writer.acknowledged == 1
    for again in (writer.flush, writer.roll, lambda: writer.append(1, 4, b"x")):
        with pytest.raises(WriterFailed):
            again()
    writer.close()
    assert writer.state == "failed"
    with open_log(tmp_path, sync="disk") as after:
        assert after.appended >= 1


@pytest.mark.parametrize("fault", ["fsync", "rename"])
def test_a_new_segment_that_cannot_be_made_durable_fails_the_writer(tmp_path, monkeypatch, fault):
    writer = open_log(tmp_path, sync="disk")
    writer.append(1, 1, b"kept")

    def refuse(*args: object) -> None:
        raise OSError(errno.EIO, "input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(*((os, "fsync") if fault == "fsync" else (Path, "rename")), refuse)
        with pytest.raises(SyncFailed):
            writer.roll()
    with pytest.raises(WriterFailed):
        writer.append(1, 2, b"x")
    writer.close()
    with open_log(tmp_path) as after:
        assert after.appended == 1
        assert not list(tmp_path.glob("*.new"))


def test_disk_sync_acknowledges_only_what_was_flushed(tmp_path):
    with open_log(tmp_path, sync="disk") as writer:
        assert (writer.flush(), writer.counts.syncs) == (0, 0)
        for number in range(5):
            writer.append(1, number, b"x")
        assert (writer.appended, writer.acknowledged) == (5, 0)
        assert writer.flush() == writer.flush() == 5
        assert writer.counts.syncs == 1
        writer.append(1, 5, b"x")
        writer.roll()
        assert writer.acknowledged == 6


def test_process_sync_acknowledges_at_once(tmp_path):
    with open_log(tmp_path) as writer:
        writer.append(1, 1, b"x")
        assert writer.acknowledged == writer.appended == writer.flush() == 1
        assert writer.counts.syncs == 0


def test_flush_may_run_in_another_thread_while_records_are_appended(tmp_path):
    stop = threading.Event()
    seen: list[int] = []
    with open_log(tmp_path, sync="disk") as writer:

        def flush() -> None:
            while not stop.is_set():
                seen.append(writer.flush())

        thread = threading.Thread(target=flush)
        thread.start()
        try:
            for number in range(3000):
                assert writer.append(1, number, bytes(number % 300)) == number
        finally:
            stop.set()
            thread.join()
        assert seen == sorted(seen)
        assert writer.flush() == 3000
    assert [r.number for r in SegmentReader(tmp_path, "log")] == list(range(3000))


def test_a_log_can_be_read_while_it_is_written(tmp_path):
    with open_log(tmp_path) as writer:
        for number in range(100):
            writer.append(1, number, bytes(400))
        reader = SegmentReader(tmp_path, "log")
        assert [record.number for record in reader] == list(range(100))
        assert (reader.tail.sealed, reader.tail.torn) == (False, False)
        assert reader.tail.segment == writer.segment


def test_logs_of_other_names_in_the_directory_are_left_alone(tmp_path):
    with open_log(tmp_path) as first:
        first.append(1, 1, b"x")
        with SegmentWriter(tmp_path, "log-2", checkpoint=bytes, sync="process") as second:
            second.append(1, 2, b"y")
    assert [record.payload for record in SegmentReader(tmp_path, "log")] == [b"x"]
    assert [record.payload for record in SegmentReader(tmp_path, "log-2")] == [b"y"]
