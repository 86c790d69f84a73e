"""Names of instruments: the venues' own, ours and ccxt's, and the way between them."""

import re
from dataclasses import dataclass

from market.instrument import VENUES, Instrument, Kind, pair_of

#: A name longer than this is not a name.
NAME_MAX = 64

#: Quote currencies by venue. A set per venue, because the union splits wrongly: DOTUSD of
#: Binance.US is DOT in USD, while Binance spot knows TUSD and no USD.
_QUOTES: dict[str, tuple[str, ...]] = {
    "binance": (
        *("FDUSD", "RLUSD", "BFUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "USDS", "USD1"),
        *("USDE", "XUSD", "AEUR", "EURI", "BIDR", "BKRW", "IDRT", "BVND", "GYEN", "DOGE"),
        *("PAX", "DAI", "VAI", "UST", "BTC", "ETH", "BNB", "XRP", "TRX", "DOT", "SOL"),
        *("EUR", "GBP", "AUD", "TRY", "BRL", "RUB", "UAH", "NGN", "ZAR", "PLN", "RON"),
        *("ARS", "JPY", "MXN", "CZK", "COP", "IDR", "KZT"),
    ),
    "binance-us": ("USDT", "USDC", "BUSD", "USD", "BTC", "ETH", "BNB", "DAI"),
    "binance-usdm": ("USDT", "USDC", "BUSD", "USD1", "USDE", "BTC", "ETH"),
    "binance-coinm": ("USD",),
}
#: Assets that settle a split where two quotes fit: BNBUSD is BNB in USD and not BN in BUSD.
_ASSETS = frozenset(
    (
        *("1INCH", "AAVE", "ADA", "ALGO", "APT", "ARB", "ATOM", "AVAX", "BAND", "BAT", "BCH"),
        *("BNB", "BTC", "COMP", "CRV", "DAI", "DASH", "DOGE", "DOT", "EOS", "ETC", "ETH", "FDUSD"),
        *("FIL", "GRT", "HBAR", "ICP", "IOTA", "KNC", "LINK", "LTC", "LUNA", "MANA", "MATIC"),
        *("MKR", "NEAR", "NEO", "OMG", "ONE", "OP", "PAX", "QTUM", "REP", "SHIB", "SNX", "SOL"),
        *("STORJ", "SUI", "SUSHI", "THETA", "TON", "TRX", "TUSD", "UNI", "USDC", "USDP", "USDT"),
        *("VET", "WIF", "XLM", "XMR", "XRP", "XTZ", "YFI", "ZEC", "ZRX"),
    )
)
_ASSET = re.compile(r"\w+", re.UNICODE)
_EXPIRY = re.compile(r"\d{6}", re.ASCII)


class NamingError(ValueError):
    """The text names no instrument; the message says why."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a name means without its venue: base, quote, kind, expiry `YYMMDD`, inverse or not."""

    base: str
    quote: str
    kind: Kind = Kind.SPOT
    expiry: str = ""
    inverse: bool = False

    @property
    def pair(self) -> str:
        """The canonical symbol: `BTC-USDT`, `BTC-USDT-PERP`, `BTC-USD-240927`."""
        return pair_of(self.base, self.quote, self.kind, self.expiry)

    @property
    def ccxt(self) -> str:
        """The unified name of ccxt: `BTC/USDT`, `BTC/USDT:USDT`, `BTC/USD:BTC-240927`."""
        if self.kind is Kind.SPOT:
            return f"{self.base}/{self.quote}"
        settle = self.base if self.inverse else self.quote
        tail = f"-{self.expiry}" if self.kind is Kind.FUTURE else ""
        return f"{self.base}/{self.quote}:{settle}{tail}"


@dataclass(frozen=True, slots=True)
class InstrumentName:
    """A parsed name: the symbol and the venue, which is empty where the text names none."""

    symbol: Symbol
    venue: str = ""


def symbol_of(instrument: Instrument) -> Symbol:
    """Return the symbol of an instrument."""
    return Symbol(
        instrument.base,
        instrument.quote,
        instrument.kind,
        instrument.expiry,
        instrument.inverse,
    )


def split_native(venue: str, native: str) -> Symbol:
    """Return what a venue's own symbol means, from its spelling alone.

    Binance's symbols are split by the longest quote currency known on that venue; the venue's
    exchangeInfo is the better source where there is one. Raises NamingError.
    """
    _check(native)
    if venue in ("coinbase", "coinbase-exchange"):
        base, dash, quote = native.partition("-")
        if not dash:
            raise NamingError(f"{venue} symbol {native!r}: expected BASE-QUOTE")
        return Symbol(_asset(base, native), _asset(quote, native))
    if venue not in _QUOTES:
        raise NamingError(f"unknown venue {venue!r}; known: {', '.join(VENUES)}")
    stem, underscore, tail = native.partition("_")
    kind, expiry = _term(venue, native, tail if underscore else None)
    base, quote = _split_stem(venue, stem)
    return Symbol(base, quote, kind, expiry, inverse=venue == "binance-coinm")


def native_of(venue: str, symbol: Symbol) -> str:
    """Return the venue's own spelling of `symbol`; raises NamingError where it has none."""
    if venue not in VENUES:
        raise NamingError(f"unknown venue {venue!r}; known: {', '.join(VENUES)}")
    derivative = venue in ("binance-usdm", "binance-coinm")
    inverse = venue == "binance-coinm"
    if derivative is (symbol.kind is Kind.SPOT) or symbol.inverse is not inverse:
        raise NamingError(f"{venue} lists no {symbol.ccxt}")
    if venue.startswith("coinbase"):
        return symbol.pair
    stem = symbol.base + symbol.quote
    if symbol.kind is Kind.FUTURE:
        return f"{stem}_{symbol.expiry}"
    return f"{stem}_PERP" if inverse else stem


def parse_instrument_name(text: str, venue: str = "") -> InstrumentName:
    """Return what a user's name means: our id, a pair, ccxt's unified name or a venue's symbol.

    `venue` is assumed where the text names none; a bare `BTCUSDT` needs it. Upper and lower case
    are the same. Raises NamingError.
    """
    name = text.strip().upper()
    _check(name)
    stem, dot, suffix = name.rpartition(".")
    if dot:
        suffixes = {suffix: venue for venue, suffix in VENUES.items()}
        if suffix not in suffixes:
            raise NamingError(f"{text!r}: unknown venue {suffix!r}; known: {', '.join(suffixes)}")
        if venue not in ("", suffixes[suffix]):
            raise NamingError(f"{text!r} is not an instrument of {venue}")
        name, venue = stem, suffixes[suffix]
    elif venue and venue not in VENUES:
        raise NamingError(f"unknown venue {venue!r}; known: {', '.join(VENUES)}")
    if "/" in name:
        symbol = _parse_ccxt(name)
    elif "-" in name:
        symbol = _parse_pair(name, inverse=venue == "binance-coinm")
    elif venue:
        symbol = split_native(venue, name)
    else:
        raise NamingError(f"{text!r}: a venue's own symbol needs its venue, as in {name}.BINANCE")
    if venue:
        native_of(venue, symbol)
    return InstrumentName(symbol, venue)


def _check(name: str) -> None:
    if not 0 < len(name) <= NAME_MAX:
        raise NamingError(f"expected a name of 1 to {NAME_MAX} characters, got {name[:NAME_MAX]!r}")


def _asset(text: str, name: str) -> str:
    if not _ASSET.fullmatch(text) or "_" in text:
        raise NamingError(f"{name!r}: {text!r} is not a currency")
    return text


def _term(venue: str, native: str, tail: str | None) -> tuple[Kind, str]:
    """Return kind and expiry from what follows the underscore (None where there is none)."""
    if venue in ("binance", "binance-us") and tail is None:
        return Kind.SPOT, ""
    if venue == "binance-usdm" and tail is None:
        return Kind.PERPETUAL, ""
    if venue == "binance-coinm" and tail == "PERP":
        return Kind.PERPETUAL, ""
    if venue in ("binance-usdm", "binance-coinm") and tail and _EXPIRY.fullmatch(tail):
        return Kind.FUTURE, tail
    raise NamingError(f"{native!r} is not a symbol of {venue}")


def _split_stem(venue: str, stem: str) -> tuple[str, str]:
    quotes = [quote for quote in _QUOTES[venue] if stem.endswith(quote) and stem != quote]
    if not quotes:
        raise NamingError(f"{venue} symbol {stem!r} ends in no known quote currency")
    quotes.sort(key=len, reverse=True)
    known = [quote for quote in quotes if stem[: -len(quote)] in _ASSETS]
    quote = (known or quotes)[0]
    return _asset(stem[: -len(quote)], stem), quote


def _parse_ccxt(name: str) -> Symbol:
    base, _, rest = name.partition("/")
    quote, colon, contract = rest.partition(":")
    base, quote = _asset(base, name), _asset(quote, name)
    if not colon:
        return Symbol(base, quote)
    settle, dash, expiry = contract.partition("-")
    if settle not in (base, quote) or (dash and not _EXPIRY.fullmatch(expiry)):
        raise NamingError(f"{name!r}: expected BASE/QUOTE:SETTLE or BASE/QUOTE:SETTLE-YYMMDD")
    kind = Kind.FUTURE if dash else Kind.PERPETUAL
    return Symbol(base, quote, kind, expiry, inverse=settle == base)


def _parse_pair(name: str, *, inverse: bool) -> Symbol:
    base, quote, *tail = name.split("-")
    base, quote = _asset(base, name), _asset(quote, name)
    if not tail:
        return Symbol(base, quote)
    if tail == ["PERP"]:
        return Symbol(base, quote, Kind.PERPETUAL, inverse=inverse)
    if len(tail) == 1 and _EXPIRY.fullmatch(tail[0]):
        return Symbol(base, quote, Kind.FUTURE, tail[0], inverse)
    raise NamingError(f"{name!r}: expected BASE-QUOTE, BASE-QUOTE-PERP or BASE-QUOTE-YYMMDD")
