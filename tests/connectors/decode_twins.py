"""A compiled decoder and its plain twin side by side, and the relation that must hold."""

from dataclasses import dataclass
from typing import Any

from connectors.binance.decode import BinanceDecoder
from connectors.binance.plain_decode import PlainBinanceDecoder
from connectors.coinbase.decode import CoinbaseDecoder
from connectors.coinbase.plain_decode import PlainCoinbaseDecoder
from connectors.coinbase_exchange.decode import ExchangeDecoder
from connectors.coinbase_exchange.plain_decode import PlainExchangeDecoder
from connectors.plain_frame import RefusedError, Symbol
from market.frame import Refusal, SymbolTable
from market.grid import Grid
from tests.connectors import lenient
from tests.connectors.lenient import READ

LEVEL = (READ, READ)
_BINANCE = dict.fromkeys(
    ("e", "s", "E", "U", "u", "pu", "t", "m", "p", "q", "B", "A", "lastUpdateId"), READ
) | {"b": [LEVEL], "a": [LEVEL], "bids": [LEVEL], "asks": [LEVEL]}
_UPDATE = dict.fromkeys(("side", "price_level", "new_quantity"), READ)
_TICKER = dict.fromkeys(
    ("product_id", "best_bid", "best_ask", "best_bid_quantity", "best_ask_quantity"), READ
)
_TRADE = dict.fromkeys(("product_id", "trade_id", "time", "side", "price", "size"), READ)
_EVENT = {
    "type": READ,
    "product_id": READ,
    "updates": [_UPDATE],
    "tickers": [_TICKER],
    "trades": [_TRADE],
}
SHAPES = {
    "binance": _BINANCE | {"stream": READ, "data": _BINANCE},
    "coinbase": dict.fromkeys(("channel", "timestamp", "sequence_num", "type"), READ)
    | {"events": [_EVENT]},
    "coinbase-exchange": dict.fromkeys(
        ("type", "product_id", "time", "sequence", "trade_id", "side", "price", "size"), READ
    )
    | dict.fromkeys(("best_bid", "best_ask", "best_bid_size", "best_ask_size"), READ)
    | {"bids": [LEVEL], "asks": [LEVEL], "changes": [(READ, READ, READ, READ)]},
}
_CLASSES: dict[str, tuple[Any, Any]] = {
    "binance": (BinanceDecoder, PlainBinanceDecoder),
    "coinbase": (CoinbaseDecoder, PlainCoinbaseDecoder),
    "coinbase-exchange": (ExchangeDecoder, PlainExchangeDecoder),
}
VENUES = tuple(_CLASSES)


@dataclass
class Twins:
    """Both decoders of a venue with the same symbols."""

    venue: str
    fast: Any
    plain: Any
    table: SymbolTable

    @classmethod
    def of(cls, venue, symbols):
        """`symbols` maps a name to (price grid, size grid)."""
        table = SymbolTable()
        known = {}
        for slot, (name, (price, size)) in enumerate(symbols.items()):
            table.put(name.encode(), slot, price, size)
            known[name] = Symbol(slot, price, size)
        fast, plain = _CLASSES[venue]
        return cls(venue, fast(table), plain(known), table)

    def outcome(self, data, symbol=None):
        """The compiled decoder's list of events or its Refusal, with what both must leave."""
        frame = self.fast.frame
        if symbol is None:
            count = self.fast.decode(data)
        else:
            count = self.fast.decode_snapshot(data, symbol.encode())
        if count < 0:
            assert frame.count == 0
            assert frame.refusal == count
            return Refusal(count)
        assert count == frame.count > 0
        assert frame.refusal == 0
        return [frame.event(i) for i in range(count)]

    def twin(self, data, symbol=None):
        """The plain decoder's answer by strict JSON."""
        if symbol is None:
            return self.plain.decode(data)
        return self.plain.decode_snapshot(data, symbol)

    def lenient(self, data, symbol=None):
        """The plain decoder's answer where values that nobody reads may be damaged."""
        try:
            message = lenient.parse(data, SHAPES[self.venue])
            if symbol is not None:
                return [self.plain.read(message, self.plain.symbols[symbol])]
            events = self.plain.read(message)
        except lenient.NoJsonError:
            return Refusal.BAD_JSON
        except RefusedError as error:
            return error.refusal
        return events if isinstance(events, list) else [events]

    def hold(self, data, symbol=None):
        """The compiled decoder never accepts what a strict reading of its members does not.

        Returns its outcome. Where it refuses what the twin accepts, its rule is narrower: only
        escapes, `-0` and members given twice may be behind that; the caller knows which.
        """
        outcome = self.outcome(data, symbol)
        if isinstance(outcome, list):
            strict = self.twin(data, symbol)
            expected = strict if isinstance(strict, list) else self.lenient(data, symbol)
            assert outcome == expected, data[:2000]
        return outcome

    def agree(self, data, symbol=None):
        """Both accept with the same events, or both refuse."""
        outcome = self.hold(data, symbol)
        if isinstance(outcome, Refusal):
            assert isinstance(self.twin(data, symbol), Refusal), (outcome, data[:2000])
        return outcome


CENTS = Grid(2)
SATOSHI = Grid(8)
SYMBOLS = {
    "binance": {"BTCUSDT": (CENTS, Grid(5)), "SHIB1000": (Grid(6, 5), Grid(0))},
    "coinbase": {"BTC-USD": (CENTS, SATOSHI), "ETH-USD": (CENTS, SATOSHI)},
    "coinbase-exchange": {"BTC-USD": (CENTS, SATOSHI), "SKL-USD": (Grid(4), Grid(1))},
}


def twins(venue):
    return Twins.of(venue, SYMBOLS[venue])
