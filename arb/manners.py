"""How each venue refuses an order, in its own words, and how many requests it takes.

Figures and words are those of the venues' documents; a venue may grant an account more. What only
the venue knows, such as its mark price, has the mid price of the book in its place.
"""

from dataclasses import dataclass

_S = 1_000_000_000
_HOUR_NS = 3_600 * _S


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` orders in each interval of `length_ns`, counted from the epoch."""

    limit: int
    length_ns: int
    name: str


@dataclass(frozen=True, slots=True)
class Manners:
    """What a venue says to an order that breaks a rule.

    `windows` bound new and replaced orders, of which those that fill are given back.
    `requests_per_s` in the long run and `burst` at once bound requests of every kind. A limit price
    may be at most `up_permille` of the mid price and at least `down_permille`; 0 is no bound.
    """

    price: str
    lot: str
    size_small: str
    size_large: str
    notional: str
    band_high: str = ""
    band_low: str = ""
    too_many_open: str = ""
    post_only: str = ""
    too_fast: str = ""
    windows: tuple[Window, ...] = ()
    requests_per_s: int = 0
    burst: int = 0
    up_permille: int = 0
    down_permille: int = 0
    open_max: int = 0

    @property
    def pace(self) -> tuple[int, int]:
        """Changes of quotes a second that the venue takes in the long run, and at once; 0 is any.

        The rest is left for hedges, and where every request counts for cancels and questions. The
        limit of a day is for whoever runs the strategies to keep.
        """
        if self.requests_per_s:
            return self.requests_per_s // 3, self.burst // 3
        if not self.windows:
            return 0, 0
        short = [window for window in self.windows if window.length_ns <= _HOUR_NS]
        rate = min(window.limit * 4 * _S // (window.length_ns * 5) for window in short)
        return rate, min(window.limit - rate * window.length_ns // _S for window in short)


def _filter(name: str) -> str:
    return f"-1013 Filter failure: {name}"


_SPOT = Manners(
    price=_filter("PRICE_FILTER"),
    lot=_filter("LOT_SIZE"),
    size_small=_filter("LOT_SIZE"),
    size_large=_filter("LOT_SIZE"),
    notional=_filter("NOTIONAL"),
    band_high=_filter("PERCENT_PRICE_BY_SIDE"),
    band_low=_filter("PERCENT_PRICE_BY_SIDE"),
    too_many_open=_filter("MAX_NUM_ORDERS"),
    post_only="-2010 Order would immediately match and take.",
    too_fast="-1015 Too many new orders; current limit is {limit} orders per {name}.",
    windows=(Window(50, 10 * _S, "10 SECOND"), Window(160_000, 86_400 * _S, "1 DAY")),
    up_permille=5_000,
    down_permille=200,
    open_max=200,
)


def _futures(*windows: Window) -> Manners:
    return Manners(
        price="-4014 Price not increased by tick size.",
        lot="-4023 Qty not increased by step size.",
        size_small="-4004 Quantity less than min quantity.",
        size_large="-4005 Quantity greater than max quantity.",
        notional="-4164 Order's notional must be no smaller than the minimum"
        " (unless you choose reduce only).",
        band_high="-4016 Limit price can't be higher than the multiplier allows.",
        band_low="-4024 Limit price can't be lower than the multiplier allows.",
        too_many_open="-2025 Reach max open order limit.",
        post_only="-5022 Due to the order could not be executed as maker,"
        " the Post Only order will be rejected.",
        too_fast="-1015 Too many new orders; current limit is {limit} orders per {name}.",
        windows=windows,
        up_permille=1_050,
        down_permille=950,
        open_max=200,
    )


_MINUTE = Window(1_200, 60 * _S, "1 MINUTE")

MANNERS: dict[str, Manners] = {
    "binance": _SPOT,
    "binance-us": _SPOT,
    "binance-usdm": _futures(Window(300, 10 * _S, "10 SECOND"), _MINUTE),
    "binance-coinm": _futures(_MINUTE),
    "coinbase": Manners(
        price="INVALID_PRICE_PRECISION",
        lot="INVALID_SIZE_PRECISION",
        size_small="PREVIEW_INVALID_BASE_SIZE_TOO_SMALL",
        size_large="PREVIEW_INVALID_BASE_SIZE_TOO_LARGE",
        notional="PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL",
        too_many_open="COMMANDER_REJECTED_NEW_ORDER",
        post_only="INVALID_LIMIT_PRICE_POST_ONLY",
        too_fast="429 rate_limit_exceeded: Too many requests",
        requests_per_s=30,
        burst=30,
        open_max=500,
    ),
    "coinbase-exchange": Manners(
        price="price too precise",
        lot="size is too accurate",
        size_small="size is too small",
        size_large="size is too large",
        notional="funds is too small",
        too_many_open="Too many open orders",
        post_only="post only",
        too_fast="429 Private rate limit exceeded",
        requests_per_s=15,
        burst=30,
        open_max=500,
    ),
}

#: Of a venue of which nothing is known but its instruments' rules.
PLAIN = Manners(
    price="the price is off the tick",
    lot="the size is off the lot",
    size_small="the size is below the minimum",
    size_large="the size is above the maximum",
    notional="the notional is below the minimum",
    post_only="the order would cross",
)


def manners_of(venue: str) -> Manners:
    """Return a venue's manners."""
    return MANNERS.get(venue, PLAIN)
