"""Rules of the section `trading`: what its strategies, instruments and balances must be."""

from collections.abc import Iterator

from market.grid import split_decimal
from market.instrument import VENUES
from market.naming import NamingError

from .instrument_id import instrument_id
from .problem import shown
from .trading import StrategySettings, TradingSettings

#: (path, message)
Finding = tuple[str, str]

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
            yield f"{path}.name", f"got {shown(one.name)} again, it is {place} already"
        first.setdefault(one.name, index)
    if not trading.currency.isalnum():
        yield "trading.currency", f"got {shown(trading.currency)}, expected an asset such as USDT"
    for venue in trading.balances:
        if venue not in VENUES:
            known = ", ".join(VENUES)
            yield f"trading.balances.{venue}", f"unknown venue, expected one of {known}"
    if not trading.latency_ms:
        yield "trading.latency_ms", "got nothing, expected at least one time"


def latencies_ns(trading: TradingSettings) -> tuple[int, ...]:
    """Return the configured latencies in ns, rounded down, at least 1."""
    found = []
    for text in trading.latency_ms:
        digits, decimals = split_decimal(text)
        found.append(max(1, digits * 1_000_000 // 10**decimals))
    return tuple(found)


def _strategy(one: StrategySettings, path: str, watched: set[str]) -> Iterator[Finding]:
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
        from arb.strategy.spec import SpecError, StrategySpec, check  # noqa: PLC0415
    except ImportError:
        return
    try:
        check(StrategySpec(one.name, (), tuple(one.keys.items())))
    except SpecError as error:
        yield path, str(error)
