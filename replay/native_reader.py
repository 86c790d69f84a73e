"""Reading a recording: segment by segment, each with its checkpoint and its inputs."""

from collections.abc import Iterator
from pathlib import Path

from .native_format import LOG, Entry, Head, decode_opening, decode_record
from .segment import SegmentError, SegmentReader, Tail


class NoRecordingError(ValueError):
    """The directory holds no recording."""


class Part:
    """One segment. Iterating gives its entries, then `tail` says how it ends.

    Iterating raises Corrupt for damage and BadRecordError for records that say nothing.
    """

    def __init__(self, reader: SegmentReader, number: int) -> None:
        self._image = reader.image(number)
        self.number = number
        self.name = self._image.path.name
        self.first_record = self._image.header.first_record
        opening = decode_opening(self._image.header.checkpoint)
        self.head: Head = opening[0]
        self.checkpoint: bytes = opening[1]

    @property
    def tail(self) -> Tail | None:
        """How the segment ends; None before the end was reached."""
        return self._image.tail

    def __iter__(self) -> Iterator[Entry]:
        sources = list(self.head.sources)
        for record in self._image:
            entry = decode_record(record, sources)
            if entry is not None:
                yield entry


class Recording:
    """The recording in a directory; needs one segment of memory at a time.

    Raises NoRecordingError where there is none, and OSError.
    """

    def __init__(self, directory: Path) -> None:
        self._reader = SegmentReader(directory, LOG)
        self.numbers = [file.number for file in self._reader.segments()]
        if not self.numbers:
            raise NoRecordingError(f"{directory}: no recording is there")

    def head(self, number: int) -> Head:
        """Return the head of a segment; SegmentError, BadRecordError, UnsupportedRecordingError."""
        return decode_opening(self._reader.header(number).checkpoint)[0]

    def checkpoint(self, number: int) -> bytes:
        """Return the checkpoint of a segment; raises what `head` raises."""
        return decode_opening(self._reader.header(number).checkpoint)[1]

    def part(self, number: int) -> Part:
        """Load a segment; raises what `head` raises."""
        return Part(self._reader, number)

    @property
    def start_ns(self) -> int:
        """When the oldest segment that can be read begins; SegmentError of the last where none."""
        return self._first_head(self.numbers).ts_ns

    def segment_at(self, ts_ns: int) -> int:
        """Return the newest segment whose checkpoint is of `ts_ns` or before, else the oldest."""
        for number in reversed(self.numbers):
            try:
                if self.head(number).ts_ns <= ts_ns:
                    return number
            except (SegmentError, ValueError):
                continue  # Damage is told when it is met in reading.
        return self.numbers[0]

    def _first_head(self, numbers: list[int]) -> Head:
        for number in numbers[:-1]:
            try:
                return self.head(number)
            except (SegmentError, ValueError):
                continue
        return self.head(numbers[-1])
