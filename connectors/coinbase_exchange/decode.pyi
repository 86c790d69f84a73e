from market.frame import Frame, SymbolTable

CHANNEL_DEPTH: int
CHANNEL_QUOTE: int
CHANNEL_TRADE: int
CHANNEL_HEARTBEAT: int

class ExchangeDecoder:
    frame: Frame
    symbols: SymbolTable
    def __init__(self, symbols: SymbolTable) -> None: ...
    def decode(self, data: bytes) -> int: ...
