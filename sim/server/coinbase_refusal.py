"""Why the simulated Coinbase refuses an order, in the words of both products."""

from enum import Enum, auto
from typing import Final

from engine.code import Reason


class Refusal(Enum):
    """One rule that an order breaks."""

    BAD_REQUEST = auto()
    PRODUCT = auto()
    SIDE = auto()
    CONFIGURATION = auto()
    STOP_DIRECTION = auto()
    SIZE_PRECISION = auto()
    PRICE_PRECISION = auto()
    SIZE_SMALL = auto()
    SIZE_LARGE = auto()
    FUNDS_SMALL = auto()
    PRICE_RANGE = auto()
    STOP_ABOVE_LIMIT = auto()
    STOP_BELOW_LIMIT = auto()
    STOP_ABOVE_LAST = auto()
    STOP_BELOW_LAST = auto()
    END_TIME = auto()
    POST_ONLY = auto()
    FUNDS = auto()
    LIQUIDITY = auto()
    CANCEL_ONLY = auto()
    LIMIT_ONLY = auto()
    DISABLED = auto()
    TOO_MANY = auto()


class OrderRefusedError(Exception):
    """An order that breaks a rule; nothing has changed."""

    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        super().__init__(detail or EXCHANGE[refusal])
        self.refusal = refusal


_UNKNOWN = "UNKNOWN_FAILURE_REASON"
_NO_PREVIEW = "UNKNOWN_PREVIEW_FAILURE_REASON"

#: Advanced Trade: reason of a new order, reason of a preview.
ADVANCED: Final[dict[Refusal, tuple[str, str]]] = {
    Refusal.BAD_REQUEST: ("INVALID_REQUEST", "PREVIEW_INVALID_ORDER_CONFIG"),
    Refusal.PRODUCT: ("INVALID_PRODUCT_ID", "PREVIEW_INVALID_PRODUCT_ID"),
    Refusal.SIDE: ("INVALID_SIDE", "PREVIEW_INVALID_SIDE"),
    Refusal.CONFIGURATION: ("UNSUPPORTED_ORDER_CONFIGURATION", "PREVIEW_INVALID_ORDER_CONFIG"),
    Refusal.STOP_DIRECTION: ("UNSUPPORTED_ORDER_CONFIGURATION", "PREVIEW_INVALID_ORDER_CONFIG"),
    Refusal.SIZE_PRECISION: ("INVALID_SIZE_PRECISION", "PREVIEW_INVALID_SIZE_PRECISION"),
    Refusal.PRICE_PRECISION: ("INVALID_PRICE_PRECISION", "PREVIEW_INVALID_PRICE_PRECISION"),
    Refusal.SIZE_SMALL: (_UNKNOWN, "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL"),
    Refusal.SIZE_LARGE: (_UNKNOWN, "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE"),
    Refusal.FUNDS_SMALL: (_UNKNOWN, "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL"),
    Refusal.PRICE_RANGE: ("INVALID_LIMIT_PRICE", "PREVIEW_INVALID_LIMIT_PRICE"),
    Refusal.STOP_ABOVE_LIMIT: (_UNKNOWN, "PREVIEW_STOP_PRICE_ABOVE_LIMIT_PRICE"),
    Refusal.STOP_BELOW_LIMIT: (_UNKNOWN, "PREVIEW_STOP_PRICE_BELOW_LIMIT_PRICE"),
    Refusal.STOP_ABOVE_LAST: (_UNKNOWN, "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE"),
    Refusal.STOP_BELOW_LAST: (_UNKNOWN, "PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE"),
    Refusal.END_TIME: ("INVALID_REQUEST", "PREVIEW_INVALID_ORDER_CONFIG"),
    Refusal.POST_ONLY: ("INVALID_LIMIT_PRICE_POST_ONLY", "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY"),
    Refusal.FUNDS: ("INSUFFICIENT_FUND", "PREVIEW_INSUFFICIENT_FUND"),
    Refusal.LIQUIDITY: ("INVALID_NO_LIQUIDITY", "PREVIEW_INVALID_NO_LIQUIDITY"),
    Refusal.CANCEL_ONLY: ("ORDER_ENTRY_DISABLED", _NO_PREVIEW),
    Refusal.LIMIT_ONLY: ("ORDER_ENTRY_DISABLED", _NO_PREVIEW),
    Refusal.DISABLED: ("ORDER_ENTRY_DISABLED", _NO_PREVIEW),
    Refusal.TOO_MANY: ("COMMANDER_REJECTED_NEW_ORDER", _NO_PREVIEW),
}

#: Exchange: the message.
EXCHANGE: Final[dict[Refusal, str]] = {
    Refusal.BAD_REQUEST: "Bad Request",
    Refusal.PRODUCT: "Product not found",
    Refusal.SIDE: "Invalid side",
    Refusal.CONFIGURATION: "Invalid order type",
    Refusal.STOP_DIRECTION: "Invalid stop",
    Refusal.SIZE_PRECISION: "size is too accurate",
    Refusal.PRICE_PRECISION: "price too precise",
    Refusal.SIZE_SMALL: "size is too small",
    Refusal.SIZE_LARGE: "size is too large",
    Refusal.FUNDS_SMALL: "funds is too small",
    Refusal.PRICE_RANGE: "Invalid price",
    Refusal.STOP_ABOVE_LIMIT: "stop price must be below limit price",
    Refusal.STOP_BELOW_LIMIT: "stop price must be above limit price",
    Refusal.STOP_ABOVE_LAST: "Stop price is above the last trade price",
    Refusal.STOP_BELOW_LAST: "Stop price is below the last trade price",
    Refusal.END_TIME: "Invalid cancel_after",
    Refusal.POST_ONLY: "post only",
    Refusal.FUNDS: "Insufficient funds",
    Refusal.LIQUIDITY: "Insufficient liquidity",
    Refusal.CANCEL_ONLY: "Cancel only mode",
    Refusal.LIMIT_ONLY: "Limit only mode",
    Refusal.DISABLED: "Trading pair not available",
    Refusal.TOO_MANY: "Too many open orders",
}

#: What the engine's own refusals come to. A price or size that it does not take passed the venue's
#: rules, so the two together are too large.
OF_REASON: Final[dict[Reason, Refusal]] = {
    Reason.WOULD_CROSS: Refusal.POST_ONLY,
    Reason.INSUFFICIENT_LIQUIDITY: Refusal.LIQUIDITY,
    Reason.BAD_PRICE: Refusal.PRICE_RANGE,
    Reason.BAD_QTY: Refusal.SIZE_LARGE,
    Reason.BAD_TYPE: Refusal.CONFIGURATION,
    Reason.HALTED: Refusal.DISABLED,
    Reason.INSUFFICIENT_BALANCE: Refusal.FUNDS,
    Reason.PRICE_BAND: Refusal.PRICE_RANGE,
    Reason.TOO_MANY_ORDERS: Refusal.TOO_MANY,
}
