"""The score of one fault: what docs/faults.md says, as figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from sim.server.spell import Kind

from .judge import ALLOWANCE_NS, Judge, Published, Reading, Verdict
from .touch import TouchKey, units

#: Kinds that a client must see whenever they met a frame that guards a book.
MUST_BE_SEEN = frozenset(
    {
        Kind.DROP,
        Kind.GAP,
        Kind.REORDER,
        Kind.MALFORMED,
        Kind.TRUNCATE,
        Kind.OVERSIZE,
        Kind.DISCONNECT,
        Kind.STALE_SNAPSHOT,
        Kind.RATE_LIMIT,
    }
)
#: Kinds that are measured from the first frame that they damaged and that guards a book; the
#: others from their first act.
_FROM_FRAME = MUST_BE_SEEN - {Kind.DISCONNECT, Kind.OVERSIZE}

_NOTHING = {
    Kind.REPEAT: "nothing to detect: a repeated frame says nothing new",
    Kind.DELAY: "nothing to detect: later than usual, but within the daemon's lag_ms",
    Kind.STALL: "nothing to detect: shorter than the daemon's silence_ms",
    Kind.SKEW: "nothing to detect: no quote was doubtful by the times in it",
}
_NOT_MET = "nothing to detect: the fault met no frame that guards a book"

_MS = 1e6


def judged(
    truths: Sequence[Mapping[str, Any]],
    readings: Mapping[str, Sequence[Reading]],
    from_ns: int,
    allowance_ns: int = ALLOWANCE_NS,
) -> dict[str, Verdict]:
    """Return the verdict on each instrument's readings since `from_ns` (monotonic).

    `truths` are rows of `ListingTruth.as_dict`; instruments that nobody read are left out.
    """
    verdicts = {}
    for truth in truths:
        name = truth["listing"]
        if not readings.get(name):
            continue
        judge = Judge(_published(truth), [(a, b) for a, b in truth["frames"]], allowance_ns)
        seen = [
            row._replace(since_ns=max(row.since_ns, from_ns))
            for row in readings[name]
            if row.until_ns >= from_ns
        ]
        verdicts[name] = judge.judge(seen)
    return verdicts


def _published(truth: Mapping[str, Any]) -> list[Published]:
    price, size = truth["price_decimals"], truth["size_decimals"]
    return [
        Published(
            venue_ns,
            read_ns,
            TouchKey(
                units(bid, 1, price),
                units(bid_lots, 1, size),
                units(ask, 1, price),
                units(ask_lots, 1, size),
            ),
        )
        for venue_ns, read_ns, bid, bid_lots, ask, ask_lots in truth["touches"]
    ]


def scored(
    spell: Mapping[str, Any],
    truths: Sequence[Mapping[str, Any]],
    tiers: Mapping[str, Mapping[str, Verdict]],
    recovered: bool,
    condemned: int,
) -> dict[str, Any]:
    """Return the report. `spell` is a row of the world's door, `tiers` the verdicts by reader.

    The first tier measures the times; a wrong quote counts in any of them. `condemned` is how
    often the daemon says that it gave up a book meanwhile: one that was whole again between two
    looks was detected as well, only its time is not known.
    """
    kind = Kind(spell["kind"])
    damaged = [truth["damaged_ns"] for truth in truths if truth["damaged_ns"]]
    began_ns = spell["first_ns"]
    if kind in _FROM_FRAME:
        began_ns = min(damaged, default=0)
    first = next(iter(tiers.values()))
    detect_ns = _detected(first, began_ns) if began_ns else None
    wrong_ns = max((v.wrong_ns for tier in tiers.values() for v in tier.values()), default=0)
    must = kind in MUST_BE_SEEN and began_ns > 0
    missed = must and detect_ns is None and not condemned
    return {
        "fault": kind.value,
        "venue": spell["venue"],
        "seconds": spell["seconds"],
        "rate": spell["rate"],
        "acted": spell["acted"],
        "requests_while_told_to_wait": spell["carried_on"],
        "detect_ms": _ms(detect_ns),
        "detect": _detect_words(kind, detect_ns, missed, began_ns > 0, condemned),
        "condemned": condemned,
        "recover_ms": _recover_ms(first, spell["ended_ns"], recovered),
        "recovered": recovered,
        "wrong_ms": _ms(wrong_ns),
        "cut": any(truth["cut"] for truth in truths),
        "tiers": {
            tier: {name: _row(verdict) for name, verdict in verdicts.items()}
            for tier, verdicts in tiers.items()
        },
        "ok": recovered and not wrong_ns and not missed,
    }


def _detected(verdicts: Mapping[str, Verdict], began_ns: int) -> int | None:
    """Return how long after the begin the first quote became unreadable, None if none did."""
    starts = [
        start
        for verdict in verdicts.values()
        for start, end, _ in verdict.outages
        if end >= began_ns
    ]
    return max(0, min(starts) - began_ns) if starts else None


def _detect_words(
    kind: Kind, detect_ns: int | None, missed: bool, met: bool, condemned: int
) -> str:
    if detect_ns is not None:
        return "unreadable"
    if condemned:
        return "condemned and whole again between two looks"
    if missed:
        return "not detected"
    if not met:
        return _NOT_MET
    return _NOTHING.get(kind, _NOT_MET)


def _recover_ms(verdicts: Mapping[str, Verdict], ended_ns: int, recovered: bool) -> float | None:
    if not recovered:
        return None
    ends = [end for verdict in verdicts.values() for _, end, _ in verdict.outages]
    return _ms(max(0, max(ends, default=0) - ended_ns))


def _row(verdict: Verdict) -> dict[str, Any]:
    outages = verdict.outages
    return {
        "readable_ms": _ms(verdict.readable_ns),
        "unreadable_ms": _ms(sum(end - start for start, end, _ in outages)),
        "outages": len(outages),
        "longest_outage_ms": _ms(max((end - start for start, end, _ in outages), default=0)),
        "reasons": sorted({reason for _, _, reason in outages}),
        "phantom_ms": _ms(verdict.phantom_ns),
        "old_ms": _ms(verdict.old_ns),
        "examples": verdict.examples,
    }


def _ms(ns: int | None) -> float | None:
    return None if ns is None else round(ns / _MS, 3)
