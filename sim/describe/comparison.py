"""The generated instruments, each held against the real ones of its kind."""

from collections.abc import Mapping
from dataclasses import dataclass

from .observer import DEPTHS_BPS, NAMES, Seen

_STABLE = frozenset({"USDT", "USDC", "BUSD", "FDUSD", "DAI"})
_MAJOR = frozenset({"BTC", "ETH"})


def kind_of(instrument: str) -> str:
    """Return what an instrument is compared with: `major`, `stable` or `minor` ones."""
    base = instrument.partition("-")[0]
    if base in _STABLE:
        return "stable"
    return "major" if base in _MAJOR else "minor"


@dataclass(frozen=True, slots=True)
class Finding:
    """One statistic of one instrument beside the range of the real ones, None where unknown."""

    instrument: str
    statistic: str
    value: float | None
    least: float | None
    most: float | None

    @property
    def inside(self) -> bool | None:
        """Whether the value lies in the range; None where one of them is unknown."""
        if self.value is None or self.least is None or self.most is None:
            return None
        return self.least <= self.value <= self.most


def compare(generated: Mapping[str, Seen], real: Mapping[str, Seen]) -> list[Finding]:
    """Return a finding for each generated instrument and statistic."""
    summaries = {name: seen.summary() for name, seen in real.items()}
    findings = []
    for name, seen in generated.items():
        alike = [row for other, row in summaries.items() if kind_of(other) == kind_of(name)]
        for statistic, value in seen.summary().items():
            known = [found for row in alike if (found := row[statistic]) is not None]
            least, most = (min(known), max(known)) if known else (None, None)
            findings.append(Finding(name, statistic, value, least, most))
    return findings


def table(
    generated: Mapping[str, Seen], real: Mapping[str, Seen], findings: list[Finding]
) -> list[str]:
    """Return the lines for people: a block an instrument, then what the recordings show."""
    lines = []
    for name, seen in generated.items():
        lines.append(f"{name} (beside {kind_of(name)} ones)")
        lines.append(f"  depth a side: {_depth(seen)}")
        lines += [_line(one) for one in findings if one.instrument == name]
    for name, seen in real.items():
        values = seen.summary()
        told = " ".join(f"{key} {_number(values[key])}" for key in NAMES if values[key] is not None)
        lines += [f"{name}: {told}", f"  depth a side: {_depth(seen)}"]
    judged = [one.inside for one in findings if one.inside is not None]
    lines.append(f"{sum(judged)} of {len(judged)} lie in the range of the recordings")
    return lines


def _line(one: Finding) -> str:
    verdict = {True: "inside", False: "OUTSIDE", None: "not comparable"}[one.inside]
    bounds = "no recording tells"
    if one.least is not None:
        bounds = f"{_number(one.least)} to {_number(one.most)}"
    return f"  {one.statistic:22} {_number(one.value):>10}   {bounds:28} {verdict}"


def _depth(seen: Seen) -> str:
    found = seen.depth()
    return ", ".join(f"{_number(found[bps])} within {bps} bps" for bps in DEPTHS_BPS)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
