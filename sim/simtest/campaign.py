"""Many seeds, over several processes, with a file that lets an interrupted run go on."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from checkpoint import build
from sim.children import uninterrupted

from .course import Result
from .stage import run_seed
from .violation import Violation

#: Every so many seeds one is run twice, and must come to the same digest.
TWICE_EVERY = 25
_MS = 1_000_000

Row = dict[str, Any]


def row_of(seed: int) -> Row:
    """Run one seed; returns what is kept of it: times in ms of virtual time."""
    result = run_seed(seed)
    if seed % TWICE_EVERY == 0 and result.ok:
        again = run_seed(seed)
        if again.digest != result.digest:
            text = f"{result.digest} the first time, {again.digest} the second"
            violation = Violation("determinism", text, result.inputs, result.virtual_ns)
            result.violations.append(violation)
    return _row(result)


def _row(result: Result) -> Row:
    row = asdict(result)
    row["violations"] = [one._asdict() for one in result.violations]
    for name in ("virtual", "recovery"):
        row[f"{name}_ms"] = row.pop(f"{name}_ns") // _MS
    for name in ("outages", "wrong"):
        row[f"{name}_ms"] = [value // _MS for value in row.pop(f"{name}_ns")]
    if result.ok:
        # The seed brings them back.
        del row["faults"], row["errors"]
    return row


class ResumeError(ValueError):
    """The file to resume from is not one of ours, or of another build."""


def identity() -> str:
    """Return what the results depend on: the code that decides, and that of the simulation."""
    total = hashlib.sha256(build().code.encode())
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def known(path: Path) -> dict[int, Row]:
    """Return the rows of a file by seed; a last line that was cut off is left out."""
    rows: dict[int, Row] = {}
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if not text:
        return rows
    try:
        head, *lines = text.splitlines()
        made_by = json.loads(head)["build"]
    except (ValueError, KeyError, TypeError) as error:
        raise ResumeError(f"{path}: not a file of results: {error!s:.80}") from error
    if made_by != identity():
        raise ResumeError(f"{path}: these results are of another build")
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            rows[int(row["seed"])] = row
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines):
                break
            raise ResumeError(f"{path}: result {number} is none: {error!s:.80}") from error
    return rows


def campaign(
    seeds: Iterable[int], jobs: int, resume: Path | None, progress: Callable[[Row], None]
) -> list[Row]:
    """Run seeds, those in the file excepted; returns all rows, and `progress` is told of new ones.

    Raises ResumeError, and OSError where the file cannot be written.
    """
    wanted = list(seeds)
    rows = known(resume) if resume is not None else {}
    left = [seed for seed in wanted if seed not in rows]
    if resume is None:
        for row in _rows(left, jobs):
            rows[row["seed"]] = row
            progress(row)
        return [rows[seed] for seed in wanted]
    # A line that was cut off is written anew with its seed.
    with resume.open("w", encoding="utf-8") as file:
        file.write(json.dumps({"build": identity()}) + "\n")
        for row in rows.values():
            file.write(json.dumps(row, separators=(",", ":")) + "\n")
        file.flush()
        for row in _rows(left, jobs):
            rows[row["seed"]] = row
            file.write(json.dumps(row, separators=(",", ":")) + "\n")
            file.flush()
            progress(row)
    return [rows[seed] for seed in wanted]


def _rows(seeds: list[int], jobs: int) -> Iterator[Row]:
    if jobs == 1:
        yield from map(row_of, seeds)
        return
    # Fresh processes: nothing of this one is in what they compute.
    with uninterrupted():
        pool = get_context("spawn").Pool(jobs)
    with pool:
        yield from pool.imap_unordered(row_of, seeds, chunksize=4)
