"""`crossquote replay DIR`: replay and verify a recording that a node's driver made."""

import argparse
import re
import sys
import time
from datetime import UTC, datetime

import orjson

import checkpoint
from cli.book_hashes import HashesError, hashes
from cli.progress import Progress, Reading
from cli.report import human, report
from replay.native import Difference, Replay, Replayed
from replay.native_format import UnsupportedRecordingError
from replay.native_reader import NoRecordingError, Recording
from replay.segment import SegmentError, UnsupportedVersion

_SECONDS = re.compile(r"\+(\d{1,12})(?:\.(\d{1,9}))?")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)(?:\.(\d{1,9}))?(?:Z|\+00:00)?")

_WANTED = "give the folder that a daemon recorded into: recording.dir, or `recordings`"


class TimeError(ValueError):
    """The text is no time; the message says what is expected."""


def time_ns(text: str, start_ns: int) -> int:
    """Return the ns of `2026-01-01T12:00:00.5Z` (UTC) or of `+12.5`, seconds from the start."""
    if found := _SECONDS.fullmatch(text):
        return start_ns + int(found[1]) * 10**9 + int((found[2] or "").ljust(9, "0"))
    if found := _MOMENT.fullmatch(text):
        try:
            moment = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
        except ValueError as error:
            raise TimeError(f"{text}: {error}") from None
        return int(moment.timestamp()) * 10**9 + int((found[2] or "").ljust(9, "0"))
    raise TimeError(f"{text}: expected a UTC time as 2026-01-01T12:00:00Z, or +SECONDS")


def moment_of(ts_ns: int) -> str:
    """Return ns since the epoch as text in UTC with all nine digits."""
    seconds, rest = divmod(ts_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def run(args: argparse.Namespace) -> int:
    """Replay; returns 0, 1 for a difference or damage, 2 for wrong usage or another version."""
    started = time.perf_counter()
    try:
        recording = Recording(args.directory)
        start_ns = recording.start_ns
        from_ns = time_ns(args.begin, start_ns) if args.begin else None
        to_ns = time_ns(args.to, start_ns) if args.to else None
        first = recording.numbers[0] if from_ns is None else recording.segment_at(from_ns)
        _refuse_other_version(recording, first)
        with hashes(args.hashes) as after:
            replay = Replay(
                recording, checkpoint, verify=args.verify, first=first, to_ns=to_ns, after=after
            )
            with Progress(lambda: _reading(recording, replay)):
                done = replay.run()
    except (UnsupportedVersion, UnsupportedRecordingError) as error:
        return _fail(f"{args.directory}: {error}", 2)
    except NoRecordingError as error:
        return _fail(f"{error}; {_WANTED}", 2)
    except (TimeError, HashesError, checkpoint.UnsupportedCheckpointError) as error:
        return _fail(str(error), 2)
    except OSError as error:
        return _fail(f"{args.directory}: {error.strerror}; {_WANTED}", 2)
    except (SegmentError, ValueError) as error:
        return _fail(f"{args.directory}: no segment can be read: {error}", 1)
    return _tell(args, done, time.perf_counter() - started)


def _reading(recording: Recording, replay: Replay) -> Reading:
    """Return how many segments are done, and within one as many inputs as were replayed."""
    done = replay.result
    numbers = [number for number in recording.numbers if number >= replay.first]
    text = f"segment {len(done.segments)} of {len(numbers)}, {done.inputs:,} inputs"
    total = len(numbers) if len(numbers) > 1 else 0
    return Reading(max(len(done.segments) - 1, 0), total, text)


def _refuse_other_version(recording: Recording, first: int) -> None:
    """Raise what names another version; damage is told when the segment is replayed."""
    try:
        checkpoint.describe(recording.checkpoint(first))
    except (UnsupportedVersion, UnsupportedRecordingError, checkpoint.UnsupportedCheckpointError):
        raise
    except (SegmentError, ValueError):
        return


def _tell(args: argparse.Namespace, done: Replayed, wall: float) -> int:
    """Print what came of it; returns the exit code."""
    for line in done.notes:
        print(f"crossquote replay: note: {line}", file=sys.stderr)
    for line in done.problems:
        print(f"crossquote replay: {line}", file=sys.stderr)
    failed = bool(done.problems or done.difference or done.node is None)
    if done.node is None:
        if args.json:
            _print_json({"problems": done.problems, "notes": done.notes})
        return 1
    difference = done.difference
    verdict = difference_line(difference) if difference else verified_line(done)
    # What was open is closed for the report, after the last comparison.
    done.node.finish()
    result = report(done.node, done.last_ns - done.first_ns, wall)
    result["problems"] = done.problems
    result["notes"] = done.notes
    result["segments"] = done.segments
    if args.verify:
        result["verified"] = done.verified
        result["replayed"] = done.inputs
        result["difference"] = difference_row(difference) if difference else None
    if args.json:
        _print_json(result)
    else:
        print(human(result))
    if args.verify:
        print(verdict, file=sys.stderr if args.json or difference else sys.stdout)
    return int(failed)


def verified_line(done: Replayed) -> str:
    """Return what was verified, for people."""
    open_end = done.inputs - done.verified
    rest = f", {open_end} without a digest behind it" if open_end else ""
    return (
        f"verified {done.verified} inputs in {len(done.segments)} segments"
        f" against {done.checkpoints} checkpoints{rest}"
    )


def difference_row(difference: Difference) -> dict[str, object]:
    """Return a difference as plain values."""
    item = difference.input
    return {
        "input": difference.number if item else None,
        "segment": difference.segment,
        "time": moment_of(item.ts_recv) if item else None,
        "ts_recv": item.ts_recv if item else None,
        "source": item.source if item else None,
        "kind": item.kind.name if item else None,
        "recorded": difference.recorded,
        "replayed": difference.replayed,
    }


def difference_line(difference: Difference) -> str:
    """Return the first difference, for people."""
    item = difference.input
    digests = f"recorded {difference.recorded}, replayed {difference.replayed}"
    if item is None:
        return (
            f"the checkpoint of segment {difference.segment} differs"
            f" from the state before record {difference.number}: {digests}"
        )
    return (
        f"input {difference.number} differs: {moment_of(item.ts_recv)} {item.kind.name}"
        f" from {item.source}, segment {difference.segment}: {digests}"
    )


def _print_json(value: dict[str, object]) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


def _fail(message: str, code: int) -> int:
    print(f"crossquote replay: {message}", file=sys.stderr)
    return code
