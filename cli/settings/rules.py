"""Rules that concern more than one key, checked once each key by itself is sound."""

from collections.abc import Iterator

from market.instrument import Kind
from market.naming import NamingError, parse_instrument_name

from .instrument_id import instrument_id
from .model import PairSettings, Settings, SimAccount
from .problem import shown
from .trading_rules import trading_rules

#: (path, message)
Finding = tuple[str, str]


def broken_rules(settings: Settings) -> Iterator[Finding]:
    """Yield each rule that the settings break, with the path to change."""
    watched: set[str] = set()
    for name, venue in settings.venues:
        path = f"venues.{name}.instruments"
        ids, findings = _instruments(name, venue.instruments, path)
        yield from findings
        if venue.enabled:
            watched |= ids
            if not venue.instruments:
                yield path, f"nothing to watch, expected an instrument, as {name} is enabled"
    if not settings.venues.enabled():
        yield "venues", "none is enabled, expected `enabled: true` at one of them"
    if settings.pairs != "auto":
        yield from _pairs(settings.pairs, watched)
    yield from _bounds(settings)
    yield from _weights(settings)
    yield from _sim(settings)
    yield from trading_rules(settings.trading, watched)


def _instruments(venue: str, names: tuple[str, ...], path: str) -> tuple[set[str], list[Finding]]:
    first: dict[str, int] = {}
    findings: list[Finding] = []
    for index, name in enumerate(names):
        at = f"{path}[{index}]"
        try:
            wanted = instrument_id(name, venue)
        except NamingError as error:
            findings.append((at, f"got {shown(name)}, expected an instrument of {venue}: {error}"))
            continue
        if wanted in first:
            findings.append((at, f"got {shown(name)} again, it is {path}[{first[wanted]}] already"))
        first.setdefault(wanted, index)
    return set(first), findings


def _pairs(pairs: tuple[PairSettings, ...], watched: set[str]) -> Iterator[Finding]:
    first: dict[frozenset[str], int] = {}
    for index, pair in enumerate(pairs):
        path = f"pairs[{index}]"
        findings = list(_pair(pair, path, watched))
        yield from findings
        if findings:
            continue
        yield from _comparable(pair, path)
        legs = frozenset((instrument_id(pair.a), instrument_id(pair.b)))
        if legs in first:
            message = f"compares what pairs[{first[legs]}] does, expected each two instruments once"
            yield path, message
        first.setdefault(legs, index)


def _comparable(pair: PairSettings, path: str) -> Iterator[Finding]:
    """Yield why two instruments cannot be compared, or not through their conversion book."""
    a, b = parse_instrument_name(pair.a), parse_instrument_name(pair.b)
    if a.venue == b.venue:
        yield f"{path}.b", f"got {shown(pair.b)}, expected an instrument of another venue than a's"
    if a.symbol.base != b.symbol.base:
        base = a.symbol.base
        yield f"{path}.b", f"got {shown(pair.b)}, expected an instrument of {base}, as a is one"
    quotes = {a.symbol.quote, b.symbol.quote}
    via = parse_instrument_name(pair.via).symbol if pair.via else None
    if len(quotes) == 1 and via is not None:
        yield f"{path}.via", f"got {shown(pair.via)}, expected none, as both quote the same"
    elif len(quotes) == 2 and (
        via is None or via.kind is not Kind.SPOT or {via.base, via.quote} != quotes
    ):
        between = f"{a.symbol.quote} and {b.symbol.quote}"
        yield f"{path}.via", f"got {shown(pair.via)}, expected a spot book between {between}"


def _pair(pair: PairSettings, path: str, watched: set[str]) -> Iterator[Finding]:
    ids: list[str] = []
    for key, name in (("a", pair.a), ("b", pair.b), ("via", pair.via)):
        if not name and key == "via":
            continue
        try:
            wanted = instrument_id(name)
        except NamingError as error:
            yield f"{path}.{key}", f"got {shown(name)}, expected an instrument id: {error}"
            continue
        if wanted not in watched:
            expected = "expected an instrument that an enabled venue watches"
            yield f"{path}.{key}", f"got {shown(name)}, {expected}"
        if wanted in ids:
            yield f"{path}.{key}", f"got {shown(name)} again, expected different instruments"
        ids.append(wanted)


def _bounds(settings: Settings) -> Iterator[Finding]:
    recording, transport = settings.recording, settings.transport
    if recording.retain_mb < 2 * recording.segment_mb:
        least = 2 * recording.segment_mb
        expected = f"expected at least two segments, {least} MiB"
        yield "recording.retain_mb", f"got '{recording.retain_mb}', {expected}"
    if transport.backoff_max_ms < transport.backoff_first_ms:
        expected = f"expected at least backoff_first_ms, {transport.backoff_first_ms} ms"
        yield "transport.backoff_max_ms", f"got '{transport.backoff_max_ms}', {expected}"
    watched = sum(len(venue.instruments) for venue in settings.venues.enabled().values())
    if settings.l2.enabled and settings.l2.slots < watched:
        expected = f"expected room for the {watched} instruments of the enabled venues"
        yield "l2.slots", f"got '{settings.l2.slots}', {expected}"


def _accounts(accounts: tuple[SimAccount, ...]) -> Iterator[Finding]:
    """Yield what is wrong with the keys of the simulated venues."""
    first: dict[tuple[str, str], int] = {}
    for index, one in enumerate(accounts):
        at = f"sim.accounts[{index}]"
        if not one.key:
            yield f"{at}.key", "got nothing, expected a name"
        elif (one.venue, one.key) in first:
            path = f"sim.accounts[{first[one.venue, one.key]}]"
            yield f"{at}.key", f"got {shown(one.key)} again, it is {path} already"
        first.setdefault((one.venue, one.key), index)
        if bool(one.secret) == bool(one.public_key):
            yield f"{at}.secret", "expected either a secret or a public_key"
        if one.passphrase and one.venue != "coinbase":
            yield f"{at}.passphrase", f"{one.venue} has none, only Coinbase Exchange does"


def _weights(settings: Settings) -> Iterator[Finding]:
    """Yield each budget that its venue's dearest request alone would exceed."""
    try:
        # Settings are read without the compiled core too, by the verb that says that it is missing.
        from connectors.registry import venue  # noqa: PLC0415
        from connectors.transport.limits import dearest  # noqa: PLC0415
    except ImportError:
        return
    for name, one in settings.venues.enabled().items():
        least = dearest(venue(name, one.snapshot_levels))
        if one.request_weight_per_minute < least:
            expected = f"expected at least {least}, which its dearest request costs"
            path = f"venues.{name}.request_weight_per_minute"
            yield path, f"got '{one.request_weight_per_minute}', {expected}"


def _sim(settings: Settings) -> Iterator[Finding]:
    yield from _accounts(settings.sim.accounts)
    if settings.mode != "sim":
        return
    ports = settings.sim.ports
    simulated = ports.__struct_encode_fields__
    for name in settings.venues.enabled():
        if name not in simulated:
            there = " and ".join(simulated)
            expected = f"expected false in mode sim, which has {there} only"
            yield f"venues.{name}.enabled", f"got 'true', {expected}"
    for name in settings.venues.enabled():
        if not settings.sim.start and name in simulated and not getattr(ports, name):
            yield f"sim.ports.{name}", "got '0', expected the port of the venue that runs already"
    if ports.binance and ports.binance == ports.coinbase:
        yield "sim.ports.coinbase", f"got '{ports.coinbase}', expected another port than binance's"
