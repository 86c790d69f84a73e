"""Reading a log: the records of all its segments, in order, each checked."""

from collections.abc import Iterator
from pathlib import Path

from .segment_errors import BlankSegment, Corrupt, MissingSegment
from .segment_files import SegmentFile, check_name, list_segments, segment_path
from .segment_format import Record, SegmentHeader
from .segment_image import SegmentImage, Tail, read_header


class SegmentReader:
    """Reads the log `name` in `directory`; needs one segment's size of memory at a time.

    The records of a log that is being written may be read up to the moment its last segment is
    loaded; a record being written just then may look torn or damaged, so read again.

    After an iteration `tail` says how the log ends. Damage in the middle raises Corrupt, or, with
    `stop_at_corruption`, ends the iteration and is kept in `corruption`.
    """

    def __init__(self, directory: Path, name: str, *, stop_at_corruption: bool = False) -> None:
        self.directory = directory
        self.name = check_name(name)
        self.stop_at_corruption = stop_at_corruption
        self.tail: Tail | None = None
        self.corruption: Corrupt | None = None

    def segments(self) -> list[SegmentFile]:
        """Return the segments that are there, in order."""
        return list_segments(self.directory, self.name)

    def header(self, number: int) -> SegmentHeader:
        """Return the opening of one segment without reading its records."""
        for path in self._candidates(number):
            try:
                return read_header(path)
            except FileNotFoundError:
                continue
        raise self._missing(number)

    def image(self, number: int) -> SegmentImage:
        """Load one segment. Raises MissingSegment when it is not there, or Corrupt."""
        for path in self._candidates(number):
            try:
                return SegmentImage(path)
            except FileNotFoundError:
                continue
        raise self._missing(number)

    def __iter__(self) -> Iterator[Record]:
        """Iterate all records from the oldest segment on."""
        return self.records()

    def records(self, first_segment: int | None = None) -> Iterator[Record]:
        """Iterate the records from `first_segment` (default: the oldest) to the end."""
        self.tail = None
        self.corruption = None
        try:
            yield from self._records(first_segment)
        except Corrupt as error:
            if not self.stop_at_corruption:
                raise
            self.corruption = error

    def _records(self, first_segment: int | None) -> Iterator[Record]:
        numbers = [file.number for file in self.segments()]
        if first_segment is not None:
            numbers = [number for number in numbers if number >= first_segment]
            if not numbers or numbers[0] != first_segment:
                raise self._missing(first_segment)
        expected: int | None = None
        for number in numbers:
            if self.tail is not None and number != self.tail.segment + 1:
                raise self._missing(self.tail.segment + 1)
            last = number == numbers[-1]
            try:
                image = self.image(number)
            except BlankSegment as error:
                if not last:
                    raise
                size = error.path.stat().st_size
                self.tail = Tail(number, 0, expected or 0, False, size, 0)
                return
            header = image.header
            if header.segment != number:
                raise image.corrupt(0, header.first_record, f"it says it is {header.segment}")
            if expected is not None and header.first_record != expected:
                raise image.corrupt(0, header.first_record, f"record {expected} should be first")
            yield from image
            self.tail = image.tail
            assert self.tail is not None
            expected = self.tail.record
            if not last and not self.tail.sealed:
                raise image.corrupt(self.tail.offset, expected, "it ends without its end mark")

    def _candidates(self, number: int) -> tuple[Path, Path]:
        # Compression renames the new file into place before it deletes the old one.
        path = segment_path(self.directory, self.name, number)
        return path, path.with_name(path.name + ".zst")

    def _missing(self, number: int) -> MissingSegment:
        path = segment_path(self.directory, self.name, number)
        return MissingSegment(path, number, 0, 0, "the segment is not there")
