"""A strategy as text, and the object that it stands for once its instruments are there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TypeVar

from arb.hedging.config import HedgeConfig
from arb.portfolio.units import amount_of
from arb.quoting.manager import Care
from arb.quoting.model import MODELS, Parameters
from arb.strategy.arbitrage import Arbitrage, ArbitrageConfig
from arb.strategy.single import SingleConfig, SingleMaker
from arb.strategy.xemm import Xemm, XemmConfig
from arb.trader import Strategy, Trader
from market.fees import PPB
from market.grid import split_decimal

_MS = 1_000_000


class SpecError(ValueError):
    """The strategy cannot be what the text asks for; the message names key and value."""


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """A strategy by name, with its keys as text.

    `instruments` are instrument ids in the order of their roles (maker, hedge venues); where they
    are left out, the first instruments that fit are taken as they become known.
    """

    name: str
    instruments: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()


def make(spec: StrategySpec, trader: Trader) -> Strategy | None:
    """Return the strategy once its instruments are watched, None before; SpecError."""
    values = dict(spec.keys)
    slots = _slots(spec, trader)
    if slots is None:
        return None
    made = _BUILDERS[spec.name](spec.name, slots, values)
    if values:
        raise SpecError(f"{spec.name}: unknown key {next(iter(values))!r}")
    return made(trader)


def check(spec: StrategySpec) -> None:
    """Raise SpecError where the text cannot make a strategy, whatever the instruments are."""
    if spec.name not in _BUILDERS:
        raise SpecError(f"unknown strategy {spec.name!r}, one of {', '.join(_BUILDERS)}")
    values = dict(spec.keys)
    _BUILDERS[spec.name](spec.name, (0, 1), values)
    if values:
        raise SpecError(f"{spec.name}: unknown key {next(iter(values))!r}")


def _slots(spec: StrategySpec, trader: Trader) -> tuple[int, ...] | None:
    """Return the slots of the roles, None while some are missing."""
    instruments = trader.market.instruments
    if spec.instruments:
        known = {one.id: slot for slot, one in enumerate(instruments)}
        found = [known.get(name, -1) for name in spec.instruments]
        return tuple(found) if min(found) >= 0 else None
    tradable = [slot for slot in range(len(instruments)) if slot in trader.risk.lines]
    if spec.name in MODELS:
        return (tradable[0],) if tradable else None
    for at, first in enumerate(tradable):
        for second in tradable[at + 1 :]:
            one, other = instruments[first], instruments[second]
            same = one.base == other.base and one.venue != other.venue
            bridged = trader.rates.slot_between(other.quote, one.quote) is not None
            if same and (one.quote == other.quote or bridged):
                return first, second
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


def _care(values: dict[str, str]) -> Care:
    base = Care()
    return replace(
        base,
        hysteresis=_number(values, "hysteresis_ticks", base.hysteresis, int),
        life_ns=_number(values, "life_ms", base.life_ns // _MS, int) * _MS,
        queue_ticks=_number(values, "queue_ticks", base.queue_ticks, int),
        changes_per_second=_number(values, "changes_per_second", base.changes_per_second, int),
    )


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


def _single(name: str, slots: tuple[int, ...], values: dict[str, str]) -> _Made:
    shape = Parameters()
    given = {
        one.name: _number(values, one.name, float(getattr(shape, one.name)), float)
        for one in fields(shape)
    }
    try:
        config = SingleConfig(
            slots[0],
            name,
            _amount(values, "size", "0.01"),
            replace(shape, **given),
            _care(values),
            _number(values, "layers", 1, int),
            _number(values, "step_bps", 5.0, float),
            _number(values, "half_life_s", 30.0, float),
        )
    except ValueError as error:
        raise SpecError(f"{name}: {error}") from None
    return lambda trader: SingleMaker(config, trader)


def _xemm(name: str, slots: tuple[int, ...], values: dict[str, str]) -> _Made:
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


def _arbitrage(name: str, slots: tuple[int, ...], values: dict[str, str]) -> _Made:
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


def _hedged(name: str, slots: tuple[int, ...], values: dict[str, str], bound: int) -> HedgeConfig:
    try:
        return _hedge(slots, values, bound)
    except SpecError:
        raise
    except ValueError as error:
        raise SpecError(f"{name}: {error}") from None


_BUILDERS: Mapping[str, Callable[[str, tuple[int, ...], dict[str, str]], _Made]] = {
    "xemm": _xemm,
    "arbitrage": _arbitrage,
    **dict.fromkeys(MODELS, _single),
}
STRATEGIES = tuple(_BUILDERS)
