"""Torn, damaged and half-lost logs: what a reader says of them and where a writer goes on."""

import random
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from replay.segment import (
    BlankSegment,
    Corrupt,
    MissingSegment,
    NotSealed,
    SegmentImage,
    SegmentReader,
    SegmentWriter,
    UnsupportedVersion,
    compress,
)
from replay.segment_format import PAGE, encode_header

SMALL = 16 * 1024


def open_log(directory, **options) -> SegmentWriter:
    options = {"sync": "process", "segment_bytes": SMALL, "checkpoint": lambda: b"cp", **options}
    return SegmentWriter(directory, "log", **options)


def open_segment(directory, payloads, sync="process") -> tuple[Path, bytes, list[int]]:
    """Write one segment, return its path and its bytes while still open, and record offsets."""
    writer = open_log(directory, sync=sync)
    path = directory / "log-000001.seg"
    offsets = [PAGE]
    for number, payload in enumerate(payloads):
        writer.append(1, number, payload)
        offsets.append(offsets[-1] + 32 + len(payload) + -len(payload) % 8)
    image = path.read_bytes()
    writer.close()
    return path, image, offsets


def read(path) -> tuple[list[int], object]:
    image = SegmentImage(path)
    return [record.number for record in image], image.tail


def test_a_tail_torn_at_any_byte_is_cut_at_the_last_whole_record(tmp_path):
    path, image, offsets = open_segment(tmp_path, [b"first", b"second", b"\xff" * 53])
    start, end = offsets[2], offsets[3]
    for cut in range(start, end):
        cut_file = image[:cut]
        # A kill leaves the payload and the header without the commit word, up to any byte.
        killed = image[:start] + bytes(8) + image[start + 8 : cut] + bytes(len(image) - cut)
        for torn in (cut_file, killed[: len(image)]):
            path.write_bytes(torn)
            numbers, tail = read(path)
            assert numbers == [0, 1]
            assert (tail.offset, tail.record, tail.sealed) == (start, 2, False)
            assert tail.bytes_left == len(torn[start:].rstrip(b"\x00"))
            assert tail.torn == (tail.bytes_left > 0)


def test_reopening_cuts_the_torn_tail_says_so_and_goes_on(tmp_path):
    path, image, offsets = open_segment(tmp_path, [b"first", b"second", b"\xff" * 53])
    path.write_bytes(image[: offsets[3] - 7])
    with open_log(tmp_path) as writer:
        assert path.stat().st_size == offsets[2] + 32
        assert writer.cut.torn
        assert "record 2" in str(writer.cut)
        assert writer.append(1, 9, b"again") == 2
    reader = SegmentReader(tmp_path, "log")
    assert [r.payload for r in reader] == [b"first", b"second", b"again"]
    assert reader.tail.sealed
    with open_log(tmp_path) as writer:
        assert writer.cut is None


def flip(path, place, bit) -> None:
    # In place: rewriting the whole file each time makes some file systems wait for the disk.
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1 << bit]))


def test_every_flipped_bit_is_noticed_or_lies_in_unused_space(tmp_path):
    path, image, offsets = open_segment(tmp_path, [b"a" * 24, b"", b"b" * 19])
    sealed = path.read_bytes()
    used = [*range(40 + 2), *range(PAGE, offsets[3])]
    for whole, places in ((image, used), (sealed, [*used, *range(offsets[3], len(sealed))])):
        path.write_bytes(whole)
        for place in places:
            for bit in range(8):
                flip(path, place, bit)
                with pytest.raises((Corrupt, UnsupportedVersion)) as caught:
                    read(path)
                if place >= PAGE:
                    hit = sum(place >= offset for offset in offsets) - 1
                    assert (caught.value.record, caught.value.offset) == (hit, offsets[hit])
                    assert caught.value.segment == 1
                flip(path, place, bit)
    unused = bytearray(image)
    unused[-1] = 1
    path.write_bytes(unused)
    assert read(path)[0] == [0, 1, 2]


def test_a_page_lost_from_a_closed_segment_is_corrupt_even_where_it_is_the_last(tmp_path):
    path, _, _ = open_segment(tmp_path, [b"x" * 2000] * 5)
    data = bytearray(path.read_bytes())
    data[PAGE : 2 * PAGE] = bytes(PAGE)
    path.write_bytes(data)
    with pytest.raises(Corrupt, match="was on disk"):
        read(path)


def test_a_record_without_its_commit_word_is_corrupt_when_whole_records_follow(tmp_path):
    path, image, offsets = open_segment(tmp_path, [b"a" * 24] * 5)
    damaged = bytearray(image)
    damaged[offsets[2] : offsets[2] + 8] = bytes(8)
    path.write_bytes(damaged)
    with pytest.raises(Corrupt, match="whole records follow") as caught:
        read(path)
    assert caught.value.record == 2


def test_damage_in_the_middle_refuses_the_writer_unless_told_to_cut(tmp_path):
    path, image, offsets = open_segment(tmp_path, [b"a" * 24] * 5)
    damaged = bytearray(image)
    damaged[offsets[2] + 40] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(Corrupt):
        list(SegmentReader(tmp_path, "log"))
    reader = SegmentReader(tmp_path, "log", stop_at_corruption=True)
    assert [r.number for r in reader] == [0, 1]
    assert reader.corruption.record == 2
    with pytest.raises(Corrupt):
        open_log(tmp_path)
    assert path.read_bytes() == damaged
    with open_log(tmp_path, cut_corruption=True) as writer:
        assert writer.cut.torn
        assert writer.append(1, 1, b"x") == 2
    assert [r.number for r in SegmentReader(tmp_path, "log")] == [0, 1, 2]


def write_segments(directory, count=4) -> list[Path]:
    with open_log(directory) as writer:
        for number in range(count):
            writer.append(1, number, b"x" * 100)
            writer.roll()
    return [file.path for file in SegmentReader(directory, "log").segments()]


def test_a_missing_renamed_or_unsealed_segment_is_named(tmp_path):
    paths = write_segments(tmp_path)
    shutil.copytree(tmp_path, tmp_path / "copy")
    paths[1].unlink()
    with pytest.raises(MissingSegment) as caught:
        list(SegmentReader(tmp_path, "log"))
    assert caught.value.segment == 2
    for call in (
        SegmentReader(tmp_path, "log").header,
        SegmentReader(tmp_path, "log").image,
        lambda number: list(SegmentReader(tmp_path, "log").records(number)),
    ):
        with pytest.raises(MissingSegment):
            call(2)
    shutil.copy(paths[2], paths[1])
    with pytest.raises(Corrupt, match="says it is 3"):
        list(SegmentReader(tmp_path, "log"))
    shutil.copy(tmp_path / "copy" / paths[1].name, paths[1])
    paths[1].write_bytes(paths[1].read_bytes()[:-32])
    with pytest.raises(Corrupt, match="end mark"):
        list(SegmentReader(tmp_path, "log"))
    with pytest.raises(NotSealed):
        compress(paths[1])
    opening, _ = encode_header(2, 7, b"")
    paths[1].write_bytes(opening)
    with pytest.raises(Corrupt, match="record 1 should be first"):
        list(SegmentReader(tmp_path, "log"))


def test_a_segment_whose_header_was_never_stored_is_dropped_at_the_end_only(tmp_path):
    paths = write_segments(tmp_path)
    blank = tmp_path / "log-000006.seg"
    blank.write_bytes(bytes(SMALL))
    reader = SegmentReader(tmp_path, "log")
    assert len(list(reader)) == 4
    assert (reader.tail.segment, reader.tail.bytes_left) == (6, SMALL)
    with open_log(tmp_path) as writer:
        assert writer.cut.segment == 6
        assert writer.segment == 6
        assert writer.appended == 4
    paths[0].write_bytes(bytes(SMALL))
    with pytest.raises(BlankSegment):
        list(SegmentReader(tmp_path, "log"))


def test_files_of_other_formats_are_refused_by_name(tmp_path):
    path = tmp_path / "log-000001.seg"
    path.write_bytes(b"something else")
    with pytest.raises(Corrupt, match="not a segment"):
        SegmentImage(path)
    header = bytearray(encode_header(1, 0, b"cp")[0])
    header[8] = 2
    path.write_bytes(header)
    with pytest.raises(UnsupportedVersion):
        SegmentImage(path)
    header[8:12] = struct.pack("<I", 1)
    header[32:36] = struct.pack("<I", 2**32 - 1)
    path.write_bytes(header)
    with pytest.raises(Corrupt, match="lengths"):
        SegmentImage(path)
    packed = tmp_path / "log-000001.seg.zst"
    packed.write_bytes(b"not zstandard")
    with pytest.raises(Corrupt, match="zstandard"):
        SegmentImage(packed)


def test_compressed_segments_are_read_in_place_of_the_others(tmp_path):
    paths = write_segments(tmp_path)
    before = list(SegmentReader(tmp_path, "log"))
    for path in paths[::2]:
        assert compress(path).name == path.name + ".zst"
        assert not path.exists()
    reader = SegmentReader(tmp_path, "log")
    assert list(reader) == before
    assert reader.header(1).checkpoint == b"cp"
    assert [file.packed for file in reader.segments()] == [True, False, True, False, True]
    with pytest.raises(ValueError, match="uncompressed"):
        compress(reader.segments()[0].path)
    with open_log(tmp_path) as writer:
        assert (writer.appended, writer.cut) == (4, None)


def test_a_damaged_compressed_segment_is_corrupt(tmp_path):
    packed = compress(write_segments(tmp_path)[0])
    data = bytearray(packed.read_bytes())
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0x10
        packed.write_bytes(damaged)
        try:
            numbers = read(packed)[0]
        except Corrupt:
            continue
        assert numbers == [0]  # a bit of the frame that carries nothing


def test_compressing_the_open_segment_is_refused_and_a_crash_meanwhile_is_harmless(tmp_path):
    with open_log(tmp_path) as writer:
        writer.append(1, 1, b"x")
        with pytest.raises(NotSealed):
            compress(tmp_path / "log-000001.seg")
    data = (tmp_path / "log-000001.seg").read_bytes()
    (tmp_path / "log-000001.seg.zst").write_bytes(b"cut short")
    (tmp_path / "log-000001.seg.zst.new").write_bytes(b"cut short")
    assert len(list(SegmentReader(tmp_path, "log"))) == 1
    open_log(tmp_path).close()
    assert not list(tmp_path.glob("*.new"))
    packed = compress(tmp_path / "log-000001.seg")
    assert SegmentImage(packed).data == data


def test_a_segment_deleted_while_it_was_compressed_does_not_come_back(tmp_path, monkeypatch):
    path = write_segments(tmp_path)[0]
    monkeypatch.setattr("replay.segment_compress.sync_directory", lambda _: path.unlink())
    with pytest.raises(FileNotFoundError):
        compress(path)
    assert not list(tmp_path.glob("log-000001*"))


@pytest.mark.parametrize("seed", range(12))
def test_losing_any_unsynced_pages_leaves_all_acknowledged_records_readable(tmp_path, seed):
    rng = random.Random(seed)
    writer = open_log(tmp_path, sync="disk", segment_bytes=256 * 1024)
    path = tmp_path / "log-000001.seg"
    durable, acknowledged = path.read_bytes(), 0
    for _ in range(6):
        for _ in range(rng.randrange(1, 60)):
            writer.append(1, 1, rng.randbytes(rng.choice((0, 20, 200, 3000))))
            if writer.segment == 2:
                break
        if writer.segment == 2:
            break
        before_flush = path.read_bytes()
        appended = writer.flush()
        after_flush = path.read_bytes()
        # The power may go before the flush as well as in it, its mark written and nothing synced.
        for written in (before_flush, after_flush):
            changed = [
                page
                for page in range(0, len(written), PAGE)
                if written[page : page + PAGE] != durable[page : page + PAGE]
            ]
            # What was acknowledged is never written again, so a lost page is a page of zeros.
            assert not any(any(durable[page : page + PAGE]) for page in changed)
            for _ in range(5):
                lost = rng.sample(changed, rng.randint(1, len(changed)))
                check_lost_pages(tmp_path, written, lost, acknowledged, appended)
        acknowledged, durable = appended, after_flush
    writer.close()
    assert acknowledged > 0


def check_lost_pages(directory, written, lost, acknowledged, appended) -> None:
    survived = bytearray(written)
    for page in lost:
        survived[page : page + PAGE] = bytes(PAGE)
    copy = directory / "after"
    copy.mkdir()
    (copy / "log-000001.seg").write_bytes(survived)
    numbers, tail = read(copy / "log-000001.seg")
    assert numbers == list(range(len(numbers)))
    assert acknowledged <= len(numbers) <= appended
    assert len(numbers) + tail.later_records <= appended
    with open_log(copy) as writer:
        assert writer.appended == len(numbers)
    assert len(list(SegmentReader(copy, "log"))) == len(numbers)
    shutil.rmtree(copy)


def test_a_page_lost_before_a_later_flush_is_corrupt_not_torn(tmp_path):
    writer = open_log(tmp_path, sync="disk", segment_bytes=256 * 1024)
    for number in range(3):
        writer.append(1, number, b"x" * 100)
        writer.flush()
    path = tmp_path / "log-000001.seg"
    data = bytearray(path.read_bytes())
    writer.close()
    data[PAGE : 2 * PAGE] = bytes(PAGE)
    path.write_bytes(data)
    with pytest.raises(Corrupt, match="was on disk") as caught:
        read(path)
    assert (caught.value.record, caught.value.offset) == (0, PAGE)


def test_marks_of_one_segment_say_nothing_about_the_next(tmp_path):
    writer = open_log(tmp_path, sync="disk", segment_bytes=256 * 1024)
    writer.append(1, 0, bytes(100_000))
    writer.flush()
    writer.roll()
    writer.append(1, 1, b"x" * 5000)
    writer.flush()
    path = tmp_path / "log-000002.seg"
    data = bytearray(path.read_bytes())
    writer.close()
    # The power went within the flush: its mark was stored, the record's first page was not.
    data[PAGE : 2 * PAGE] = bytes(PAGE)
    path.write_bytes(data)
    numbers, tail = read(path)
    assert (numbers, tail.torn, tail.record) == ([], True, 1)


CHILD = """
import sys
from pathlib import Path
from replay.segment import SegmentWriter
sync = sys.argv[2]
log = SegmentWriter(Path(sys.argv[1]), "log", checkpoint=bytes, sync=sync, segment_bytes=65536)
number = log.appended
while True:
    log.append(number % 7, number, number.to_bytes(8, "little") * (number % 50))
    number += 1
    if sync == "process" or number % 10 == 0:
        print(log.flush(), flush=True)
"""


@pytest.mark.parametrize("sync", ["process", "disk"])
def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path, sync):
    rng = random.Random(sync)
    expected = 0
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path), sync], stdout=subprocess.PIPE, text=True
        ) as child:
            for _ in range(rng.randrange(1, 800 if sync == "process" else 60)):
                acknowledged = int(child.stdout.readline())
            child.kill()
            # The pipe still holds what was acknowledged before the kill.
            for line in child.stdout:
                if line.endswith("\n"):
                    acknowledged = int(line)
        assert acknowledged > expected
        found = list(SegmentReader(tmp_path, "log"))
        expected = len(found)
        assert expected >= acknowledged
        assert found == [(n, n % 7, n, n.to_bytes(8, "little") * (n % 50)) for n in range(expected)]
