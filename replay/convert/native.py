"""Native recordings as source and as target."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from market.inputs import Input
from replay.native_compress import Compressor
from replay.native_format import LOG, BadRecordError, UnsupportedRecordingError
from replay.native_reader import Part, Recording
from replay.recording import DEFAULT_SEGMENT, Recorder
from replay.segment import BlankSegment, SegmentError, UnsupportedVersion, compress
from replay.segment_files import list_segments

from .errors import ConvertError, DirectionError, Tolerance
from .layout import NAME as LAYOUT

#: A conversion keeps everything: a bound that no disk reaches.
_RETAIN_BYTES = 1 << 60


class NativeSource:
    """The recording in a directory; raises NoRecordingError, OSError.

    `size` is the number of bytes that `on_read` hears of in the course of reading.
    """

    def __init__(
        self, directory: Path, tolerance: Tolerance, on_read: Callable[[int], None]
    ) -> None:
        self.directory = directory
        self._recording = Recording(directory)
        self._tolerance = tolerance
        self._on_read = on_read
        self._sizes = {
            file.number: file.path.stat().st_size for file in list_segments(directory, LOG)
        }
        self.size = sum(self._sizes.values())
        self.laid_out = (directory / LAYOUT).is_file()

    def parts(self) -> Iterator[tuple[Part, bool]]:
        """Yield the segments that can be read, and whether each goes on where the last one ended.

        Raises DirectionError for a recording of another version, DamageError.
        """
        expected, next_record = -1, -1
        last = self._recording.numbers[-1]
        for number in self._recording.numbers:
            try:
                part = self._recording.part(number)
            except (UnsupportedVersion, UnsupportedRecordingError) as error:
                raise DirectionError(f"segment {number}: {error}") from None
            except (SegmentError, BadRecordError) as error:
                if not (isinstance(error, BlankSegment) and number == last):
                    # The power may go before the newest segment's header reaches the disk.
                    self._tolerance.damage(f"segment {number}: {error}")
                expected = -1
                continue
            follows = number == expected and part.first_record == next_record
            if part.head.continues and expected >= 0 and not follows:
                self._tolerance.damage(f"{part.name}: what stood before it is not there")
            yield part, part.head.continues and follows
            tail = part.tail
            expected = number + 1 if tail is not None else -1
            next_record = tail.record if tail is not None else -1
            if tail is not None and not tail.sealed and number != last:
                self._tolerance.damage(f"{part.name}: it ends without its end mark")
            self._on_read(self._sizes.get(number, 0))

    def inputs(self) -> Iterator[Input]:
        """Yield all inputs in order; raises DirectionError, DamageError."""
        for part, _ in self.parts():
            yield from self.inputs_of(part)

    def inputs_of(self, part: Part) -> Iterator[Input]:
        """Yield the inputs of a segment; raises DamageError."""
        try:
            for entry in part:
                if entry.input is not None:
                    yield entry.input
        except (SegmentError, BadRecordError) as error:
            self._tolerance.damage(f"{part.name}: {error}")


@dataclass(slots=True)
class Written:
    """What a native recording holds: inputs, and the digest after the last one."""

    inputs: int = 0
    first_ns: int = 0
    last_ns: int = 0
    digest: int = 0


def write_native(
    directory: Path,
    inputs: Iterable[Input],
    node: Any,
    dump: Callable[[Any], bytes],
    segment_bytes: int = DEFAULT_SEGMENT,
) -> Written:
    """Record inputs as the driver of `node` would, compressed; `dump` gives its checkpoint.

    Raises ConvertError where an input cannot be recorded, and OSError.
    """
    try:
        done = _write(directory, iter(inputs), node, dump, segment_bytes)
        for file in list_segments(directory, LOG):
            if not file.packed:
                compress(file.path)
    except (SegmentError, zstandard.ZstdError) as error:
        raise ConvertError(f"the recording cannot be written: {error}") from None
    return done


def _write(
    directory: Path,
    given: Iterator[Input],
    node: Any,
    dump: Callable[[Any], bytes],
    segment_bytes: int,
) -> Written:
    """Record the inputs; segments that are full are packed meanwhile."""
    done = Written()
    first = next(given, None)
    if first is None:
        raise DirectionError("the source holds no input")
    done.first_ns = first.ts_recv
    compressor = Compressor()
    try:
        with Recorder(
            directory,
            checkpoint=lambda: dump(node),
            started_ns=first.ts_recv,
            segment_bytes=segment_bytes,
            retain_bytes=_RETAIN_BYTES,
            compress=compressor,
        ) as recorder:
            _record(recorder, node, first, done)
            for item in given:
                _record(recorder, node, item, done)
            done.digest = int(node.digest)
            recorder.close(done.digest)
            if recorder.reason:
                raise ConvertError(f"the recording could not be ended: {recorder.reason}")
    finally:
        compressor.close()
    return done


def _record(recorder: Recorder, node: Any, item: Input, done: Written) -> None:
    if not recorder.record(*item, digest_before=int(node.digest)):
        raise ConvertError(f"input {done.inputs + 1} cannot be recorded: {recorder.reason}")
    node.handle(*item)
    done.inputs += 1
    done.last_ns = item.ts_recv
