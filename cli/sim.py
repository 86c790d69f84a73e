"""`crossquote sim`: the simulated venues."""

import argparse
import json
import sys
from pathlib import Path

from sim.recording import SECONDS_MAX, FileSummary, write_recording


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument(
        "--write", metavar="DIR", type=Path, required=True, help="write a recording of both venues"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the market; same seed, same bytes")
    parser.add_argument("--seconds", type=int, default=60, help="of market time (default 60)")
    parser.add_argument("--json", action="store_true", help="print what was written as JSON")


def run(args: argparse.Namespace) -> int:
    """Write the recording; returns 0 when it is written, 2 when it cannot be."""
    if not 1 <= args.seconds <= SECONDS_MAX:
        return _refuse(f"--seconds: {args.seconds} is not within 1 and {SECONDS_MAX}")
    show = sys.stderr.isatty() and not args.json

    def progress(second: int) -> None:
        if show:
            end = "\n" if second == args.seconds else ""
            print(f"\r{second} of {args.seconds} s", end=end, file=sys.stderr, flush=True)

    try:
        files = write_recording(args.write, args.seed, args.seconds, progress=progress)
    except OSError as error:
        return _refuse(f"--write: {args.write}: {error.strerror}")
    if args.json:
        print(json.dumps(_summary(args, files)))
    else:
        for file in files:
            counts = ", ".join(f"{count} {name}" for name, count in sorted(file.frames.items()))
            print(f"{file.path}: {file.lines} lines; frames: {counts}")
    return 0


def _summary(args: argparse.Namespace, files: list[FileSummary]) -> dict[str, object]:
    return {
        "seed": args.seed,
        "seconds": args.seconds,
        "files": [
            {
                "path": str(file.path),
                "lines": file.lines,
                "bytes": file.path.stat().st_size,
                "frames": dict(sorted(file.frames.items())),
                "sha256": file.sha256,
            }
            for file in files
        ],
    }


def _refuse(message: str) -> int:
    print(f"crossquote sim: {message}", file=sys.stderr)
    return 2
