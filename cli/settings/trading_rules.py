"""Rules of the section `trading`: what its strategies, instruments and balances must be."""

import re
from collections.abc import Iterator

from market.grid import split_decimal
from market.instrument import VENUES
from market.naming import NamingError

from .instrument_id import instrument_id
from .problem import shown
from .trading import StrategySettings, TradingSettings

#: (path, message)
Finding = tuple[str, str]

#: A strategy's own name stands in tables, orders and timers.
_NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")
#: Keys of a strategy, more is a mistake.
KEYS_MAX = 50


def trading_rules(trading: TradingSettings, watched: set[str]) -> Iterator[Finding]:
    """Yield what is wrong; `watched` are the instruments that enabled venues watch."""
    first: dict[str, int] = {}
    for index, one in enumerate(trading.strategies):
        path = f"trading.strategies[{index}]"
        yield from _strategy(one, path, watched)
        if one.name in first:
            place = f"trading.strategies[{first[one.name]}]"
            wanted = "`strategy` says what it is where it has a name of its own"
            yield f"{path}.name", f"got {shown(one.name)} again, it is {place} already; {wanted}"
        first.setdefault(one.name, index)
    if not trading.currency.isalnum():
        yield "trading.currency", f"got {shown(trading.currency)}, expected an asset such as USDT"
    for venue in trading.balances:
        if venue not in VENUES:
            known = ", ".join(VENUES)
            yield f"trading.balances.{venue}", f"unknown venue, expected one of {known}"
    yield from _fees(trading)
    if not trading.latency_ms:
        yield "trading.latency_ms", "got nothing, expected at least one time"


def _fees(trading: TradingSettings) -> Iterator[Finding]:
    for venue, ladder in trading.fees.items():
        path = f"trading.fees.{venue}"
        if venue not in VENUES:
            known = ", ".join(VENUES)
            yield "trading.fees", f"unknown venue {shown(venue)}, expected one of {known}"
        before = 0
        for index, tier in enumerate(ladder.tiers):
            volume = whole_units(tier.volume)
            if volume <= before:
                at = f"{path}.tiers[{index}].volume"
                yield at, f"got {shown(tier.volume)}, expected more than the tier before it has"
            before = volume


def whole_units(text: str) -> int:
    """Return a decimal amount as whole units, rounded down."""
    digits, decimals = split_decimal(text)
    units: int = digits // 10**decimals
    return units


def latencies_ns(trading: TradingSettings) -> tuple[int, ...]:
    """Return the configured latencies in ns, rounded down, at least 1."""
    found = []
    for text in trading.latency_ms:
        digits, decimals = split_decimal(text)
        found.append(max(1, digits * 1_000_000 // 10**decimals))
    return tuple(found)


def _strategy(one: StrategySettings, path: str, watched: set[str]) -> Iterator[Finding]:
    if not _NAME.fullmatch(one.name):
        yield f"{path}.name", f"got {shown(one.name)}, expected up to 40 letters, digits and - _ ."
    for index, name in enumerate(one.instruments):
        at = f"{path}.instruments[{index}]"
        try:
            wanted = instrument_id(name)
        except NamingError as error:
            yield at, f"got {shown(name)}, expected an instrument id: {error}"
            continue
        if wanted not in watched:
            yield at, f"got {shown(name)}, expected an instrument that an enabled venue watches"
    if len(one.keys) > KEYS_MAX:
        yield f"{path}.keys", f"got {len(one.keys)}, expected at most {KEYS_MAX}"
    try:
        # Settings are read without the compiled core too, by the verb that says that it is missing.
        from arb.strategy.spec import (  # noqa: PLC0415
            InstrumentsError,
            SpecError,
            StrategySpec,
            check,
        )
    except ImportError:
        return
    try:
        check(StrategySpec(one.name, one.instruments, tuple(one.keys.items()), one.strategy))
    except InstrumentsError as error:
        yield f"{path}.instruments", str(error)
    except SpecError as error:
        yield path, str(error)
