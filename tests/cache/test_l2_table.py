"""The table's file: its layout as documented, its creation, and what is refused."""

import errno
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cache.l2_errors import (
    L2AccessError,
    L2ClosedError,
    L2FormatError,
    L2MissingError,
    L2SpaceError,
    L2WriterExistsError,
)
from cache.l2_layout import (
    HEADER_WORDS,
    LAYOUT_VERSION,
    MAGIC,
    NAME_WORDS,
    QUOTE_STRIDE,
    DepthWord,
    HeaderWord,
    Layout,
    QuoteWord,
)
from cache.l2_plain_reader import PlainL2Reader
from cache.l2_plain_writer import PlainL2Writer
from cache.l2_process import identify_self
from cache.l2_reader import L2Reader
from cache.l2_writer import L2Writer

NOW = 1_700_000_000_000_000_000
NAME = "BTC-USDT.BINANCE"
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "shared-memory.md"
READERS = pytest.mark.parametrize("reader_type", [L2Reader, PlainL2Reader])
WRITERS = pytest.mark.parametrize("writer_type", [L2Writer, PlainL2Writer])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "l2"


def words_of(path):
    return memoryview(path.read_bytes()).cast("Q")


def poke(path, word, value):
    with path.open("r+b") as file:
        file.seek(8 * word)
        file.write(value.to_bytes(8, "little"))


def documented(section):
    """Return {field: word offset} of one table of the documentation."""
    text = DOCS.read_text(encoding="utf-8").split(f"## {section}\n")[1].split("\n## ")[0]
    return {
        name: int(word) for word, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)
    }


@pytest.mark.parametrize(
    ("section", "words"),
    [("Header", HeaderWord), ("Quote slot", QuoteWord), ("Depth slot", DepthWord)],
)
def test_the_documented_offsets_are_those_of_the_code(section, words):
    assert documented(section) == {word.name.lower(): word.value for word in words}


def test_the_documented_sizes_are_those_of_the_code():
    text = DOCS.read_text(encoding="utf-8")
    for words in (HEADER_WORDS, NAME_WORDS, QUOTE_STRIDE):
        assert f"{words} words" in text
    assert f"{MAGIC:#018x}" in text
    assert f"layout version {LAYOUT_VERSION}" in text


def test_the_words_lie_in_the_file_where_the_layout_says(path):
    writer = L2Writer(path, 3, 2, NOW, grade_forbids=6)
    writer.add("A.X", 0, 1, 0, 1)
    slot = writer.add(NAME, 2, 5, 3, 7)
    writer.put_quote(slot, 11, 12, 13, 14, 15, 16, 17, 18, 19)
    writer.put_depth(slot, 21, 22, 23, 24, [(25, 26)], [(27, 28), (29, 30)])
    words = words_of(path)
    assert bytes(words[0:1]) == b"CRSQUOT2"
    me = identify_self()
    assert words[1:15].tolist() == [
        1,
        (32 + 3 * 16 + 3 * 16 + 3 * 24) * 8,
        NOW,
        me.boot_id >> 64,
        me.boot_id & (2**64 - 1),
        os.getpid(),
        me.start_ticks,
        me.pid_namespace,
        3,
        2,
        32,
        32 + 3 * 16,
        32 + 6 * 16,
        6,
    ]
    assert words[16:19].tolist() == [NOW, 1, 2]
    name = words[32 + 16 : 32 + 32]
    assert (name[0], bytes(name[1:])[:16]) == (16, NAME.encode())
    quote = words[80 + 16 : 80 + 32].tolist()
    assert quote == [2, 11, 12, 13, 14, 15, 16, 17, 17, 18, 19, 2, 5, 3, 7, 0]
    depth = words[128 + 24 : 128 + 48].tolist()
    assert depth[:12] == [2, 21, 22, 23, 23, 24, 2, 5, 3, 7, 1, 2]
    assert depth[12:20] == [25, 26, 0, 0, 27, 28, 29, 30]
    writer.close()


@pytest.mark.parametrize("levels", [1, 2, 20, 512])
def test_slots_start_on_cache_lines(levels):
    layout = Layout(7, levels)
    for offset in (layout.quotes_offset, layout.depths_offset, layout.depth_stride, QUOTE_STRIDE):
        assert offset % 8 == 0
    assert layout.depth_stride >= DepthWord.LEVELS + 4 * levels


def test_closing_removes_the_table_and_lets_another_writer_in(path):
    writer = L2Writer(path, 1, 1, NOW)
    with pytest.raises(L2WriterExistsError, match=f"process {os.getpid()} writes"):
        L2Writer(path, 1, 1, NOW)
    writer.close()
    writer.close()
    assert not path.exists()
    L2Writer(path, 1, 1, NOW).close()


def test_closing_leaves_a_table_that_is_not_its_own(path):
    writer = L2Writer(path, 1, 1, NOW)
    path.unlink()
    path.write_bytes(b"other")
    writer.close()
    assert path.read_bytes() == b"other"


def test_a_closed_writer_refuses_every_call(path):
    writer = L2Writer(path, 1, 1, NOW)
    slot = writer.add(NAME, 0, 1, 0, 1)
    writer.close()
    for call in (
        lambda: writer.put_quote(slot, 1, 1, 2, 1, 1, NOW, NOW, 0, 0),
        lambda: writer.put_depth(slot, 1, NOW, NOW, 0, [], []),
        lambda: writer.vouch(slot, 0, NOW),
        lambda: writer.heartbeat(NOW),
        lambda: writer.set_grid(slot, 0, 1, 0, 1),
        lambda: writer.add(NAME, 0, 1, 0, 1),
    ):
        with pytest.raises(L2ClosedError):
            call()


class ClosesItself:
    """A level whose unpacking closes the writer."""

    def __init__(self, writer):
        self.writer = writer

    def __iter__(self):
        self.writer.close()
        return iter((1, 2))


def test_closing_in_the_middle_of_a_put_is_refused(path):
    writer = L2Writer(path, 1, 1, NOW)
    slot = writer.add(NAME, 0, 1, 0, 1)
    with pytest.raises(L2ClosedError):
        writer.put_depth(slot, 1, NOW, NOW, 0, [ClosesItself(writer)], [])


@READERS
def test_a_reader_needs_no_right_to_write_and_cannot(path, reader_type):
    writer = L2Writer(path, 1, 1, NOW)
    writer.add(NAME, 0, 1, 0, 1)
    path.chmod(0o400)
    reader = reader_type(path)
    assert reader.instruments() == (NAME,)
    assert path.stat().st_mode & 0o777 == 0o400
    writer.close()


def test_the_mapping_of_a_reader_is_read_only(path):
    writer = L2Writer(path, 1, 1, NOW)
    reader = PlainL2Reader(path)
    assert reader._session.table.words.readonly
    assert reader._session.table.signed.readonly
    writer.close()


def test_a_table_is_for_its_user_unless_a_mode_is_given(path):
    writer = L2Writer(path, 1, 1, NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    writer.close()
    writer = L2Writer(path, 1, 1, NOW, mode=0o640)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    writer.close()


@READERS
@pytest.mark.parametrize(
    ("word", "value", "text"),
    [
        (HeaderWord.MAGIC, 0, "wrong magic number"),
        (HeaderWord.MAGIC, int.from_bytes(MAGIC.to_bytes(8, "big"), "little"), "wrong magic"),
        (HeaderWord.LAYOUT_VERSION, 2, "layout version 2, this build reads 1"),
        (HeaderWord.SLOT_COUNT, 0, "damaged header: slots"),
        (HeaderWord.SLOT_COUNT, 3, "damaged header"),
        (HeaderWord.SLOT_COUNT, (1 << 64) - 1, "damaged header"),
        (HeaderWord.DEPTH_LEVELS, 513, "damaged header: depth"),
        (HeaderWord.TABLE_BYTES, 1 << 40, "damaged header: table_bytes"),
        (HeaderWord.QUOTES_OFFSET, 0, "damaged header: quotes_offset"),
        (HeaderWord.DEPTHS_OFFSET, (1 << 64) - 8, "damaged header: depths_offset"),
        (HeaderWord.WRITER_PID, 0, "writer pid 0"),
        (HeaderWord.WRITER_PID, (1 << 64) - 1, "writer pid"),
    ],
)
def test_a_damaged_header_is_a_named_error(path, reader_type, word, value, text):
    writer = L2Writer(path, 2, 2, NOW)
    poke(path, word, value)
    with pytest.raises(L2FormatError, match=text):
        reader_type(path)
    writer.close()


@READERS
@pytest.mark.parametrize("size", [0, 7, 8, 255, 256, 257, 900, 1016])
def test_a_truncated_file_is_a_named_error(path, reader_type, size):
    writer = L2Writer(path, 2, 2, NOW)
    whole = path.read_bytes()
    assert len(whole) > 1016
    other = path.with_name("truncated")
    other.write_bytes(whole[:size])
    with pytest.raises(L2FormatError, match=r"not a quote table|truncated"):
        reader_type(other)
    other.write_bytes(whole + bytes(8))
    with pytest.raises(L2FormatError, match="truncated or grown"):
        reader_type(other)
    writer.close()


@READERS
def test_no_file_and_no_regular_file_are_named_errors(tmp_path, path, reader_type):
    with pytest.raises(L2MissingError, match="is the daemon running"):
        reader_type(path)
    with pytest.raises((L2FormatError, L2AccessError)):
        reader_type(tmp_path)
    os.mkfifo(path)
    with pytest.raises(L2FormatError, match="0 bytes"):
        reader_type(path)


@WRITERS
def test_a_full_memory_file_system_is_a_message_and_leaves_nothing(path, writer_type, monkeypatch):
    def full(fd, offset, length):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(L2SpaceError, match=r"it needs \d+ bytes .* are free .* --shm-size"):
        writer_type(path, 64, 20, NOW)
    assert [file.name for file in path.parent.iterdir()] == ["l2.lock"]
    monkeypatch.undo()
    writer_type(path, 64, 20, NOW).close()


def in_small_file_system(directory, *command):
    """Run a command where `directory` is a file system of 64 KiB that nobody else sees."""
    shell = 'mount -t tmpfs -o size=64k tmpfs "$1" && shift && exec "$@"'
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", shell, "sh", str(directory), *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


FILL = """
import sys
from cache.l2_errors import L2SpaceError
from cache.l2_writer import L2Writer
L2Writer(sys.argv[1] + "/small", 4, 4, 0)
try:
    L2Writer(sys.argv[1] + "/large", 64, 20, 0)
except L2SpaceError as error:
    print(error)
"""


def test_a_really_full_memory_file_system_is_refused_before_any_write(tmp_path):
    if shutil.which("unshare") is None or in_small_file_system(tmp_path, "true").returncode:
        pytest.skip("may not mount here")
    done = in_small_file_system(tmp_path, sys.executable, "-c", FILL, str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "no room for the quote table" in done.stdout


def test_a_dropped_reader_or_writer_gives_its_descriptors_back(path):
    def open_descriptors():
        return len(list(Path("/proc/self/fd").iterdir()))

    before = open_descriptors()
    for writer_type in (L2Writer, PlainL2Writer):
        writer = writer_type(path, 1, 1, NOW)
        for reader_type in (L2Reader, PlainL2Reader):
            reader_type(path)
            reader_type(path).close()
        del writer
    assert open_descriptors() == before


def test_a_failed_start_leaves_the_table_that_was_there(path, monkeypatch):
    before = L2Writer(path, 1, 1, NOW)
    whole = path.read_bytes()
    path.with_name("kept").write_bytes(whole)
    before.close()
    path.with_name("kept").rename(path)

    def refuse(fd, offset, length):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(L2AccessError, match="Input/output error"):
        L2Writer(path, 1, 1, NOW)
    assert path.read_bytes() == whole


@WRITERS
@pytest.mark.parametrize("content", [b"", b"notes", b"x" * 5000])
def test_a_file_that_is_no_table_is_not_replaced(path, writer_type, content):
    path.write_bytes(content)
    with pytest.raises(L2FormatError, match="left alone"):
        writer_type(path, 1, 1, NOW)
    assert path.read_bytes() == content


def test_the_remains_of_an_unfinished_start_and_older_layouts_are_replaced(path):
    writer = L2Writer(path, 1, 1, NOW)
    kept = path.read_bytes()
    writer.close()
    path.write_bytes(kept)
    poke(path, HeaderWord.LAYOUT_VERSION, 99)
    path.with_name("l2.new").write_bytes(b"half")
    writer = L2Writer(path, 1, 1, NOW)
    assert L2Reader(path).instruments() == ()
    assert not path.with_name("l2.new").exists()
    writer.close()


def test_a_directory_that_is_not_there_is_a_named_error(tmp_path):
    with pytest.raises(L2AccessError, match="cannot open the lock: No such file"):
        L2Writer(tmp_path / "none" / "l2", 1, 1, NOW)


@pytest.mark.parametrize("arguments", [{"now_ns": -1}, {"now_ns": NOW, "grade_forbids": -1}])
def test_a_header_value_out_of_range_is_refused(path, arguments):
    with pytest.raises(ValueError, match="now_ns"):
        L2Writer(path, 1, 1, **arguments)
    assert not path.exists()


def test_writer_and_reader_are_made_once(path):
    writer = L2Writer(path, 1, 1, NOW)
    reader = L2Reader(path)
    for made in (writer, reader):
        with pytest.raises(TypeError, match="made once"):
            made.__init__(path, 1, 1, NOW) if made is writer else made.__init__(path)
    with pytest.raises(TypeError, match="not made"):
        L2Reader.__new__(L2Reader).quote(NAME, 1, NOW)
    writer.close()
