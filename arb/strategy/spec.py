"""A strategy as text, and the object that it stands for once its instruments are there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from itertools import combinations
from typing import TypeVar

from arb.hedging.config import HedgeConfig
from arb.quoting.care import Care
from arb.quoting.model import MODELS, Parameters
from arb.schedule.config import AtEnd, ScheduleConfig, Style
from arb.schedule.curve import PPM, Window
from arb.schedule.make import SCHEDULES, curve
from arb.schedule.schedule import Schedule
from arb.strategy.arbitrage import Arbitrage, ArbitrageConfig
from arb.strategy.single import SingleMaker
from arb.strategy.single_config import SingleConfig
from arb.strategy.triangle import Triangle
from arb.strategy.triangular import Triangular, TriangularConfig
from arb.strategy.xemm import Xemm, XemmConfig
from arb.trader import Strategy, Trader
from market.amount import AMOUNT_DECIMALS, amount_of
from market.fees import PPB
from market.grid import split_decimal
from market.instrument import Instrument, Kind
from market.order import Side

_MS = 1_000_000
_SECOND = 1_000_000_000
#: Least and most instruments of those that take several, and what they are for.
_ROLES = {
    "xemm": (2, 10, "where it quotes, then where it hedges"),
    "arbitrage": (2, 2, "its legs"),
    "triangular": (3, 3, "the books of the cycle"),
}


class SpecError(ValueError):
    """The strategy cannot be what the text asks for; the message names key and value."""


class InstrumentsError(SpecError):
    """The strategy cannot do with so many instruments; the message says how many it takes."""


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """A strategy by its own name, with its keys as text.

    `strategy` says what it is; where that is left out the name does. `instruments` are instrument
    ids in the order of their roles (maker, hedge venues); where they are left out, the first
    instruments that fit are taken as they become known.
    """

    name: str
    instruments: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    strategy: str = ""

    @property
    def kind(self) -> str:
        """What it is: one of STRATEGIES."""
        return self.strategy or self.name


def make(spec: StrategySpec, trader: Trader) -> Strategy | None:
    """Return the strategy once its instruments are watched, None before; SpecError."""
    values = dict(spec.keys)
    slots = _slots(spec, trader)
    if slots is None:
        return None
    made = _BUILDERS[spec.kind](spec, slots, values)
    if values:
        raise SpecError(f"{spec.name}: unknown key {next(iter(values))!r}")
    return made(trader)


def check(spec: StrategySpec) -> None:
    """Raise SpecError where the text cannot make a strategy, whatever the instruments are."""
    if spec.kind not in _BUILDERS:
        raise SpecError(f"unknown strategy {spec.kind!r}, one of {', '.join(_BUILDERS)}")
    _check_instruments(spec)
    values = dict(spec.keys)
    _BUILDERS[spec.kind](spec, (0, 1, 2), values)
    if values:
        raise SpecError(f"{spec.name}: unknown key {next(iter(values))!r}")


def _check_instruments(spec: StrategySpec) -> None:
    count = len(spec.instruments)
    least, most, roles = _ROLES.get(spec.kind, (1, 1, "the one that it trades"))
    if count and not least <= count <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        raise InstrumentsError(f"got {count}, {spec.kind} takes {wanted}: {roles}")
    if len(set(spec.instruments)) < count:
        raise InstrumentsError("got one twice, expected different ones")


def _slots(spec: StrategySpec, trader: Trader) -> tuple[int, ...] | None:
    """Return the slots of the roles, None while some are missing."""
    instruments = trader.market.instruments
    if spec.instruments:
        known = {one.id: slot for slot, one in enumerate(instruments)}
        found = tuple(known.get(name, -1) for name in spec.instruments)
        if min(found) < 0 or (spec.kind in _HEDGED and not _bridged(found, trader)):
            return None
        return found
    tradable = [slot for slot in range(len(instruments)) if slot in trader.risk.lines]
    if spec.kind in MODELS or spec.kind in SCHEDULES:
        return (tradable[0],) if tradable else None
    if spec.kind == "triangular":
        return _cycle(tradable, instruments)
    for at, first in enumerate(tradable):
        for second in tradable[at + 1 :]:
            one, other = instruments[first], instruments[second]
            same = one.base == other.base and one.venue != other.venue
            if same and _bridged((first, second), trader):
                return first, second
    return None


def _bridged(slots: tuple[int, ...], trader: Trader) -> bool:
    """Whether what the first leg is quoted in can be had for what each other is.

    A strategy listens to the books that convert from its beginning on: it waits for them.
    """
    target, *others = (trader.market.instruments[slot].quote for slot in slots)
    return all(
        quote == target or trader.rates.slot_between(quote, target) is not None for quote in others
    )


def _cycle(tradable: list[int], instruments: list[Instrument]) -> tuple[int, ...] | None:
    """Return the first three spot books of one venue that close a cycle."""
    spot = [slot for slot in tradable if instruments[slot].kind is Kind.SPOT]
    for slots in combinations(spot, 3):
        try:
            return Triangle.of(slots, instruments).slots
        except ValueError:
            continue
    return None


# --- texts to values -----------------------------------------------------------------------------


def _take(values: dict[str, str], key: str, default: str) -> str:
    return values.pop(key, default)


def _amount(values: dict[str, str], key: str, default: str) -> int:
    text = _take(values, key, default)
    try:
        return amount_of(text)
    except ValueError as error:
        raise SpecError(f"{key}={text}: expected an amount such as 0.01: {error}") from None


def _ppb(values: dict[str, str], key: str, default: str) -> int:
    """Return basis points as parts per billion, exactly."""
    text = _take(values, key, default)
    try:
        digits, decimals = split_decimal(text.removeprefix("-"))
    except ValueError as error:
        raise SpecError(f"{key}={text}: expected basis points such as 2.5: {error}") from None
    ppb: int = digits * PPB // 10_000 // 10**decimals
    return -ppb if text.startswith("-") else ppb


_Number = TypeVar("_Number", int, float)


def _number(
    values: dict[str, str], key: str, default: _Number, kind: Callable[[str], _Number]
) -> _Number:
    if key not in values:
        return default
    text = values.pop(key)
    try:
        return kind(text)
    except ValueError:
        raise SpecError(f"{key}={text}: expected a number") from None


def _flag(values: dict[str, str], key: str, *, default: bool) -> bool:
    text = _take(values, key, "true" if default else "false")
    if text not in ("true", "false"):
        raise SpecError(f"{key}={text}: expected true or false")
    return text == "true"


def _seconds(values: dict[str, str], key: str, default: str) -> int:
    """Return decimal seconds as ns."""
    ns: int = _amount(values, key, default) // 10 ** (AMOUNT_DECIMALS - 9)
    return ns


_Choice = TypeVar("_Choice")


def _choice(values: dict[str, str], key: str, choices: dict[str, _Choice]) -> _Choice:
    """Return what a word stands for; the first one where nothing is said."""
    text = _take(values, key, next(iter(choices)))
    if text not in choices:
        raise SpecError(f"{key}={text}: expected {' or '.join(choices)}")
    return choices[text]


def _weights(values: dict[str, str]) -> tuple[int, ...]:
    text = _take(values, "profile", "")
    try:
        return tuple(int(one) for one in text.split(",")) if text else ()
    except ValueError:
        raise SpecError(f"profile={text}: expected weights such as 3,1,2") from None


def _care(values: dict[str, str]) -> Care:
    base = Care()
    hysteresis = _number(values, "hysteresis_ticks", base.hysteresis, int)
    life_ns = _number(values, "life_ms", base.life_ns // _MS, int) * _MS
    queue_ticks = _number(values, "queue_ticks", base.queue_ticks, int)
    changes = _number(values, "changes_per_second", base.changes_per_second, int)
    try:
        return replace(
            base,
            hysteresis=hysteresis,
            life_ns=life_ns,
            queue_ticks=queue_ticks,
            changes_per_second=changes,
        )
    except ValueError as error:
        raise SpecError(str(error)) from None


def _hedge(slots: tuple[int, ...], values: dict[str, str], bound: int) -> HedgeConfig:
    base = HedgeConfig(slots[0], slots[1:], bound)
    return replace(
        base,
        band_ppb=_ppb(values, "band_bps", "20"),
        tries=_number(values, "tries", base.tries, int),
        limit_ns=_number(values, "limit_ms", base.limit_ns // _MS, int) * _MS,
        grace_ns=_number(values, "grace_ms", base.grace_ns // _MS, int) * _MS,
        pause_ns=_number(values, "pause_ms", base.pause_ns // _MS, int) * _MS,
    )


# --- builders ------------------------------------------------------------------------------------

_Made = Callable[[Trader], Strategy]


def _single(spec: StrategySpec, slots: tuple[int, ...], values: dict[str, str]) -> _Made:
    name = spec.name
    shape = Parameters()
    given = {
        one.name: _number(values, one.name, float(getattr(shape, one.name)), float)
        for one in fields(shape)
    }
    try:
        config = SingleConfig(
            slots[0],
            spec.kind,
            _amount(values, "size", "0.01"),
            replace(shape, **given),
            _care(values),
            _number(values, "layers", 1, int),
            _number(values, "step_bps", 5.0, float),
            _number(values, "half_life_s", 30.0, float),
            name,
        )
    except ValueError as error:
        raise SpecError(f"{name}: {error}") from None
    return lambda trader: SingleMaker(config, trader)


def _xemm(spec: StrategySpec, slots: tuple[int, ...], values: dict[str, str]) -> _Made:
    name = spec.name
    size = _amount(values, "size", "0.01")
    bound = _amount(values, "bound", "0") or 5 * size
    config = XemmConfig(
        _hedged(name, slots, values, bound),
        size,
        _ppb(values, "margin_bps", "2"),
        _ppb(values, "skew_bps", "1"),
        _care(values),
        name,
    )
    return lambda trader: Xemm(config, trader)


def _arbitrage(spec: StrategySpec, slots: tuple[int, ...], values: dict[str, str]) -> _Made:
    name = spec.name
    size = _amount(values, "size", "0.01")
    bound = _amount(values, "bound", "0") or 5 * size
    config = ArbitrageConfig(
        _hedged(name, slots, values, bound),
        size,
        _ppb(values, "margin_bps", "1"),
        sequenced=_flag(values, "sequenced", default=False),
        pause_ns=_number(values, "wait_ms", 100, int) * _MS,
        name=name,
    )
    return lambda trader: Arbitrage(config, trader)


def _schedule(spec: StrategySpec, slots: tuple[int, ...], values: dict[str, str]) -> _Made:
    name = spec.name
    start, end = (_seconds(values, key, text) for key, text in (("start_s", "0"), ("end_s", "60")))
    side = _choice(values, "side", {"buy": Side.BUY, "sell": Side.SELL})
    style = _choice(values, "style", {"passive": Style.PASSIVE, "aggressive": Style.AGGRESSIVE})
    at_end = _choice(values, "at_end", {"cancel": AtEnd.CANCEL, "cross": AtEnd.CROSS})
    share = _amount(values, "participation", "0.1" if spec.kind == "pov" else "0")
    base = ScheduleConfig(slots[0], side, 1)
    try:
        config = replace(
            base,
            size=_amount(values, "size", "0.1"),
            limit=_amount(values, "limit", "0"),
            style=style,
            at_end=at_end,
            share_ppm=share * PPM // 10**AMOUNT_DECIMALS,
            child=_amount(values, "child", "0"),
            step_ns=_number(values, "step_ms", base.step_ns // _MS, int) * _MS,
            patience=_number(values, "patience", base.patience, int),
            band_ppb=_ppb(values, "band_bps", "5"),
            crosses=_number(values, "crosses", base.crosses, int),
            name=name,
            kind=spec.kind,
        )
        if spec.kind == "vwap":
            period = _seconds(values, "period_s", "86400")
            config = replace(config, weights=_weights(values), period_ns=period)
        window = Window(start, end)
        curve(config, window)
    except SpecError:
        raise
    except ValueError as error:
        raise SpecError(f"{name}: {error}") from None
    return lambda trader: Schedule(config, window, trader)


def _triangular(spec: StrategySpec, slots: tuple[int, ...], values: dict[str, str]) -> _Made:
    name = spec.name
    size = _amount(values, "size", "0.1")
    bound = _amount(values, "bound", "0") or 2 * size
    if len(slots) != 3:
        raise InstrumentsError(f"got {len(slots)}, triangular takes 3: the books of the cycle")
    try:
        config = TriangularConfig(
            (slots[0], slots[1], slots[2]),
            size,
            bound,
            _amount(values, "middle_bound", "0") or bound,
            _ppb(values, "margin_bps", "1"),
            sequenced=_flag(values, "sequenced", default=False),
            pause_ns=_number(values, "wait_ms", 100, int) * _MS,
            band_ppb=_ppb(values, "band_bps", "20"),
            tries=_number(values, "tries", 3, int),
            limit_ns=_number(values, "limit_ms", 2_000, int) * _MS,
            name=name,
        )
    except SpecError:
        raise
    except ValueError as error:
        raise SpecError(f"{name}: {error}") from None
    return lambda trader: _cyclic(config, trader)


def _cyclic(config: TriangularConfig, trader: Trader) -> Triangular:
    try:
        return Triangular(config, trader)
    except ValueError as error:
        raise SpecError(f"{config.name}: {error}") from None


def _hedged(name: str, slots: tuple[int, ...], values: dict[str, str], bound: int) -> HedgeConfig:
    try:
        return _hedge(slots, values, bound)
    except SpecError:
        raise
    except ValueError as error:
        raise SpecError(f"{name}: {error}") from None


#: What hedges at other venues, or takes edges between them.
_HEDGED = ("xemm", "arbitrage")
_BUILDERS: Mapping[str, Callable[[StrategySpec, tuple[int, ...], dict[str, str]], _Made]] = {
    "xemm": _xemm,
    "arbitrage": _arbitrage,
    "triangular": _triangular,
    **dict.fromkeys(MODELS, _single),
    **dict.fromkeys(SCHEDULES, _schedule),
}
STRATEGIES = tuple(_BUILDERS)
