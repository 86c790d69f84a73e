"""A table as a reader opens it: mapped read-only, its header checked before it is believed."""

import mmap
import os
from pathlib import Path

from .l2_errors import L2AccessError, L2FormatError, L2MissingError
from .l2_layout import (
    HEADER_WORDS,
    LAYOUT_VERSION,
    MAGIC,
    NAME_BYTES_MAX,
    NAME_WORDS,
    WORD_BYTES,
    HeaderWord,
    Layout,
    State,
)
from .l2_process import ProcessIdentity, ProcessWatch

_PID_MAX = (1 << 31) - 1


class OpenTable:
    """One mapped table. Raises L2MissingError, L2FormatError or L2AccessError.

    Sizes and offsets are taken from the header once, checked against the file, and never read
    again: a damaged header cannot lead a read outside the mapping.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        mapping, self.inode = _map(path)
        self.words = memoryview(mapping).cast("Q")
        self.signed = memoryview(mapping).cast("q")
        self.layout = _check_header(path, self.words)
        self.grade_forbids = self.words[HeaderWord.GRADE_FORBIDS]
        try:
            self._watch = ProcessWatch(_identity(path, self.words))
        except OSError as error:
            raise L2AccessError(f"{path}: cannot judge its writer: {error}") from error

    def names(self, known: int) -> list[str]:
        """Return the instruments in slots `known` and up, in order of slots."""
        count = self.words[HeaderWord.NAME_COUNT]
        if count > self.layout.slot_count:
            raise L2FormatError(f"{self.path}: damaged: {count} names in the directory")
        return [self._name(slot) for slot in range(known, count)]

    def _name(self, slot: int) -> str:
        first = self.layout.directory_offset + slot * NAME_WORDS
        length = self.words[first]
        if not 1 <= length <= NAME_BYTES_MAX:
            raise L2FormatError(f"{self.path}: damaged: name {slot} has {length} bytes")
        name = self.words[first + 1 : first + NAME_WORDS].tobytes()[:length]
        try:
            return name.decode("utf-8")
        except UnicodeDecodeError as error:
            raise L2FormatError(f"{self.path}: damaged: name {slot} is not UTF-8") from error

    def death(self, now_ns: int, heartbeat_ns: int) -> str | None:
        """Return why the writer counts as dead at `now_ns`, or None."""
        state = self.words[HeaderWord.STATE]
        if state == State.CLOSED:
            return "the writer has stopped"
        if state != State.OPEN:
            return "another writer has taken over"
        silence_ns = now_ns - self.words[HeaderWord.HEARTBEAT_NS]
        if silence_ns > heartbeat_ns:
            return f"the last heartbeat is {silence_ns} ns old, {heartbeat_ns} are allowed"
        return self._watch.verdict()

    def replaced(self) -> bool:
        """Tell whether the path now holds another file than the one mapped here."""
        try:
            stat = self.path.stat()
        except OSError:
            return False
        return (stat.st_dev, stat.st_ino) != self.inode

    def close(self) -> None:
        """Stop watching the writer; the mapping goes with its last user."""
        self._watch.close()


def _map(path: Path) -> tuple[mmap.mmap, tuple[int, int]]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise L2MissingError(f"{path}: no quote table; is the daemon running?") from error
    except OSError as error:
        raise L2AccessError(f"{path}: cannot open the table: {error.strerror}") from error
    try:
        stat = os.fstat(fd)
        if stat.st_size < HEADER_WORDS * WORD_BYTES or stat.st_size % WORD_BYTES:
            raise L2FormatError(f"{path}: not a quote table: {stat.st_size} bytes")
        return mmap.mmap(fd, stat.st_size, access=mmap.ACCESS_READ), (stat.st_dev, stat.st_ino)
    except (OSError, ValueError) as error:
        raise L2AccessError(f"{path}: cannot map the table: {error}") from error
    finally:
        os.close(fd)


def _check_header(path: Path, words: memoryview) -> Layout:
    if words[HeaderWord.MAGIC] != MAGIC:
        raise L2FormatError(f"{path}: not a quote table: wrong magic number")
    version = words[HeaderWord.LAYOUT_VERSION]
    if version != LAYOUT_VERSION:
        raise L2FormatError(
            f"{path}: layout version {version}, this build reads {LAYOUT_VERSION}: "
            "let the daemon and its readers be of one version"
        )
    try:
        layout = Layout(words[HeaderWord.SLOT_COUNT], words[HeaderWord.DEPTH_LEVELS])
    except ValueError as error:
        raise L2FormatError(f"{path}: damaged header: {error}") from error
    expected = {
        HeaderWord.TABLE_BYTES: layout.table_bytes,
        HeaderWord.DIRECTORY_OFFSET: layout.directory_offset,
        HeaderWord.QUOTES_OFFSET: layout.quotes_offset,
        HeaderWord.DEPTHS_OFFSET: layout.depths_offset,
    }
    for word, value in expected.items():
        if words[word] != value:
            raise L2FormatError(f"{path}: damaged header: {word.name.lower()} is {words[word]}")
    if len(words) * WORD_BYTES != layout.table_bytes:
        raise L2FormatError(
            f"{path}: truncated or grown: {len(words) * WORD_BYTES} bytes, "
            f"expected {layout.table_bytes}"
        )
    return layout


def _identity(path: Path, words: memoryview) -> ProcessIdentity:
    pid = words[HeaderWord.WRITER_PID]
    if not 1 <= pid <= _PID_MAX:
        raise L2FormatError(f"{path}: damaged header: writer pid {pid}")
    return ProcessIdentity(
        boot_id=words[HeaderWord.BOOT_ID_HIGH] << 64 | words[HeaderWord.BOOT_ID_LOW],
        pid=pid,
        start_ticks=words[HeaderWord.WRITER_START],
        pid_namespace=words[HeaderWord.PID_NAMESPACE],
    )
