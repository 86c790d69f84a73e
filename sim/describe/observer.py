"""Looks at every book of a node while a recording runs through it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from market.frame import Kind
from market.inputs import Input, InputKind
from market.instrument import Instrument
from node import Node, NodeConfig

from .statistic import autocorrelation, mean, quantile

if TYPE_CHECKING:
    from market.frame import Event

SAMPLE_NS = 100_000_000
DEPTH_SAMPLES = 10  # samples from one look at the depth to the next: a second
RETURN_SAMPLES = 5  # in a return: half a second
LIFE_NS_MAX = 10 * 10**9  # a level that lives on counts as one of this age
CATCH_UP_MAX = 100  # samples made up for after a silence
DEPTHS_BPS = (1, 5, 10, 25)
LAGS = (1, 10, 50)
_TRADES_LEAST = 150
_RETURNS_LEAST = 40
_LEVELS_MAX = 20_000

#: Statistics by name; each of `Seen.summary`.
NAMES = (
    "spread_bps_p50",
    "spread_bps_p90",
    *(f"depth_share_{bps}bps" for bps in DEPTHS_BPS[:-1]),
    "level_life_s_p25",
    "level_life_s_p50",
    *(f"trade_sign_acf_{lag}" for lag in LAGS),
    "abs_return_acf_1",
    "abs_return_acf_4",
    "level_changes_per_s",
    "trades_per_s",
)


@dataclass(slots=True)
class Seen:
    """What was seen of one instrument. Spreads in basis points, lives in s, depth in base units."""

    first_ns: int = 0
    last_ns: int = 0
    changes: int = 0
    spreads: list[float] = field(default_factory=list)
    middles: list[float] = field(default_factory=list)
    depths: dict[int, list[float]] = field(default_factory=lambda: {d: [] for d in DEPTHS_BPS})
    signs: list[float] = field(default_factory=list)
    born: dict[tuple[bool, str], int] = field(default_factory=dict)
    lives: list[tuple[int, int]] = field(default_factory=list)  # (birth, age at its end)

    def summary(self) -> dict[str, float | None]:
        """Return the statistics by name; None where too little was seen to tell."""
        seconds = (self.last_ns - self.first_ns) / 1e9
        middles = self.middles[::RETURN_SAMPLES]
        returns = [abs(b / a - 1) for a, b in pairwise(middles)]
        lives = self._lives()
        depths = {bps: mean(self.depths[bps]) for bps in DEPTHS_BPS}
        found: dict[str, float | None] = {
            "spread_bps_p50": quantile(self.spreads, 0.5),
            "spread_bps_p90": quantile(self.spreads, 0.9),
            "level_life_s_p25": quantile(lives, 0.25),
            "level_life_s_p50": quantile(lives, 0.5),
            "level_changes_per_s": self.changes / seconds if seconds > 0 else None,
            "trades_per_s": len(self.signs) / seconds if seconds > 0 else None,
        }
        whole = depths[DEPTHS_BPS[-1]]
        for bps in DEPTHS_BPS[:-1]:
            part = depths[bps]
            found[f"depth_share_{bps}bps"] = part / whole if whole and part is not None else None
        for lag in LAGS:
            found[f"trade_sign_acf_{lag}"] = autocorrelation(self.signs, lag, _TRADES_LEAST)
        for lag in (1, 4):
            found[f"abs_return_acf_{lag}"] = autocorrelation(returns, lag, _RETURNS_LEAST)
        return {name: found[name] for name in NAMES}

    def depth(self) -> dict[int, float | None]:
        """Return the mean size of a side within so many basis points, in base units."""
        return {bps: mean(self.depths[bps]) for bps in DEPTHS_BPS}

    def _lives(self) -> list[float]:
        """Return the ages of the levels that could be watched long enough, cut at the most."""
        before = self.last_ns - LIFE_NS_MAX
        ended = [min(age, LIFE_NS_MAX) for birth, age in self.lives if birth <= before]
        alive = [LIFE_NS_MAX for birth in self.born.values() if birth <= before]
        return [age / 1e9 for age in ended + alive]


class Observer:
    """Runs inputs through a node, and keeps what is to be known of each instrument."""

    def __init__(self) -> None:
        self.node = Node(NodeConfig(discover=True))
        self.seen: dict[str, Seen] = {}
        self._next_ns = 0
        self._samples = 0

    def run(self, inputs: Iterable[Input]) -> dict[str, Seen]:
        """Return what was seen, by instrument id."""
        for one in inputs:
            if not self._next_ns:
                self._next_ns = one.ts_recv
            missed = min((one.ts_recv - self._next_ns) // SAMPLE_NS + 1, CATCH_UP_MAX)
            for _ in range(missed):
                self._sample()
            if missed > 0:
                self._next_ns = one.ts_recv - one.ts_recv % SAMPLE_NS + SAMPLE_NS
            self.node.handle(*one)
            if one.kind is InputKind.FRAME:
                self._look(one)
        return {name: seen for name, seen in self.seen.items() if seen.spreads}

    def _sample(self) -> None:
        self._samples += 1
        for slot, book in enumerate(self.node.books):
            if not book.live:
                continue
            bid, _, ask, _ = book.newest_touch()
            if not 0 < bid < ask:
                continue
            seen = self._of(slot)
            middle = (bid + ask) / 2
            seen.spreads.append((ask - bid) / middle * 1e4)
            seen.middles.append(middle * self._tick(self.node.instruments[slot]))
            if self._samples % DEPTH_SAMPLES == 0:
                self._measure(slot, seen, middle)

    def _measure(self, slot: int, seen: Seen, middle: float) -> None:
        size = self.node.instruments[slot].size
        lot = size.step / 10**size.decimals
        sides = [self.node.books[slot].levels(ask, _LEVELS_MAX) for ask in (False, True)]
        for bps in DEPTHS_BPS:
            reach = middle * bps / 1e4
            # A side that ends before does not say what lies there.
            if all(side and abs(side[-1][0] - middle) > reach for side in sides):
                lots = sum(q for side in sides for p, q in side if abs(p - middle) <= reach)
                seen.depths[bps].append(lots * lot / 2)

    def _look(self, one: Input) -> None:
        """Take the levels and trades of the frame that the node has just decoded."""
        frame = self.node.venue(one.source.partition(".")[0]).decoder.frame
        for at in range(max(frame.count, 0)):
            kind, slot = frame.kind(at), frame.slot(at)
            if slot < 0 or kind not in (Kind.DIFF, Kind.TRADE):
                continue
            seen = self._of(slot)
            seen.first_ns = seen.first_ns or one.ts_recv
            seen.last_ns = one.ts_recv
            event = frame.event(at)
            if kind == Kind.TRADE:
                seen.signs.append(-1.0 if event["seller"] else 1.0)
            else:
                self._levels(slot, seen, event, one.ts_recv)

    def _levels(self, slot: int, seen: Seen, event: "Event", now_ns: int) -> None:
        price = self.node.instruments[slot].price
        for ask, side in ((False, event["bids"]), (True, event["asks"])):
            for ticks, lots in side:
                key = (ask, price.format(ticks))  # the grid may be refined meanwhile
                seen.changes += 1
                if lots and key not in seen.born:
                    seen.born[key] = now_ns
                elif not lots and key in seen.born:
                    birth = seen.born.pop(key)
                    seen.lives.append((birth, now_ns - birth))

    def _of(self, slot: int) -> Seen:
        return self.seen.setdefault(self.node.instruments[slot].id, Seen())

    def _tick(self, instrument: Instrument) -> float:
        scale: int = 10**instrument.price.decimals
        return instrument.price.step / scale
