from market.frame import Frame, SymbolTable

CHANNEL_DEPTH: int
CHANNEL_QUOTE: int
CHANNEL_TRADE: int

class BinanceDecoder:
    frame: Frame
    symbols: SymbolTable
    def __init__(self, symbols: SymbolTable) -> None: ...
    def decode(self, data: bytes) -> int: ...
    def decode_snapshot(self, data: bytes, symbol: bytes) -> int: ...
