"""How the simulated Binance refuses: an HTTP status, the venue's code, and its text."""

from engine.code import Reason

Refusal = tuple[int, str]  # code and text

INSUFFICIENT = "Account has insufficient balance for requested action."
_REFUSALS: dict[Reason, Refusal] = {
    Reason.WOULD_CROSS: (-2010, "Order would immediately match and take."),
    Reason.UNKNOWN_ORDER: (-2011, "Unknown order sent."),
    Reason.DUPLICATE_ID: (-2010, "Duplicate order sent."),
    Reason.HALTED: (-2010, "Market is closed."),
    Reason.INSUFFICIENT_BALANCE: (-2010, INSUFFICIENT),
    Reason.BAD_PRICE: (-1013, "Filter failure: PRICE_FILTER"),
    Reason.BAD_QTY: (-1013, "Filter failure: LOT_SIZE"),
    Reason.BAD_TYPE: (-1014, "Unsupported order combination."),
    Reason.PRICE_BAND: (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    Reason.TOO_MANY_ORDERS: (-1013, "Filter failure: MAX_NUM_ORDERS"),
}


class ApiError(Exception):
    """A request that is answered with an error; `data` is what some errors carry besides."""

    def __init__(
        self, code: int, message: str, status: int = 400, data: object | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data = data

    def body(self) -> dict[str, object]:
        """Return the error as the venue spells it."""
        body: dict[str, object] = {"code": self.code, "msg": self.message}
        if self.data is not None:
            body["data"] = self.data
        return body


def refused(reason: Reason) -> ApiError:
    """Return the venue's error for a refusal of the market."""
    code, message = _REFUSALS.get(reason, (-1000, "An unknown error occurred."))
    return ApiError(code, message)


def filter_failure(name: str) -> ApiError:
    """Return the error of an order that breaks a filter."""
    return ApiError(-1013, f"Filter failure: {name}")


def missing(name: str) -> ApiError:
    """Return the error of a request without a parameter that it needs."""
    text = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return ApiError(-1102, text)


def neither(name: str, other: str) -> ApiError:
    """Return the error of a request that has neither of two parameters."""
    text = f"Param '{name}' or '{other}' must be sent, but both were empty/null!"
    return ApiError(-1102, text)


def not_required(name: str) -> ApiError:
    """Return the error of a parameter that makes no sense with the others."""
    return ApiError(-1106, f"Parameter '{name}' sent when not required.")
