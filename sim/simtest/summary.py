"""What many seeds came to: totals, distributions, failures."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from .campaign import Row
from .soak import Soak


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Return totals over all rows. Times are in ms of virtual time."""
    bites: Counter[str] = Counter()
    for row in rows:
        bites.update(row["bites"])
    failures = [row for row in rows if row["violations"]]
    peaks: dict[str, int] = {}
    for row in rows:
        for name, size in row["peaks"].items():
            peaks[name] = max(peaks.get(name, 0), size)
    return {
        "ok": not failures,
        "seeds": len(rows),
        "inputs": sum(row["inputs"] for row in rows),
        "inputs_least": min((row["inputs"] for row in rows), default=0),
        "virtual_hours": round(sum(row["virtual_ms"] for row in rows) / 3_600_000, 3),
        "requests": sum(row["requests"] for row in rows),
        "fills": sum(row["fills"] for row in rows),
        "halts": sum(row["halts"] for row in rows),
        "crashes": sum(len(row["crashes"]) for row in rows),
        "replayed_inputs": sum(row["replayed"] for row in rows),
        "faults": dict(sorted(bites.items())),
        "recovery_ms": spread([row["recovery_ms"] for row in rows]),
        "outage_ms": spread([value for row in rows for value in row["outages_ms"]]),
        "silent_damage_ms": spread([value for row in rows for value in row["wrong_ms"]]),
        "peaks": dict(sorted(peaks.items())),
        "failures": [_failure(row) for row in failures],
    }


def spread(values: Sequence[int]) -> dict[str, int]:
    """Return count, percentiles and the largest of some values."""
    ordered = sorted(values)
    if not ordered:
        return {"count": 0}
    last = len(ordered) - 1
    named = {f"p{part}": ordered[last * part // 100] for part in (50, 90, 99)}
    return {"count": len(ordered), **named, "max": ordered[-1]}


def reproduce(seed: int) -> str:
    """Return the command that runs one seed again."""
    return f"crossquote simtest --seeds {seed}..{seed}"


def _failure(row: Row) -> dict[str, Any]:
    return {
        "seed": row["seed"],
        "reproduce": reproduce(row["seed"]),
        **row["violations"][0],
        "faults": row["faults"],
        "crashes": row["crashes"],
    }


def soak_summary(done: Soak) -> dict[str, Any]:
    """Return what a soak came to; slopes are a virtual hour's growth."""
    last = done.samples[-1]
    return {
        "ok": done.ok,
        "long": done.long,
        "virtual_hours": last.hour,
        "inputs": done.result.inputs,
        "faults": dict(sorted(done.result.bites.items())),
        "resident_bytes": last.resident_bytes,
        "resident_slope": round(done.resident_slope),
        "objects": last.objects,
        "objects_slope": round(done.objects_slope),
        "peaks": dict(sorted(done.result.peaks.items())),
        "violations": [one._asdict() for one in done.result.violations],
        "samples": [
            [one.hour, one.inputs, one.resident_bytes, one.objects] for one in done.samples
        ],
    }
