"""The keys of the section `trading`: what trades in the daemon, and within what limits.

Limits are whole units of `currency`; 0 switches one off.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

from .kinds import decimal, text, whole

_MONEY = 1_000_000_000_000


class StrategySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One strategy with its instruments and keys."""

    name: Annotated[
        str, text("as of `crossquote backtest --strategy`, or with `strategy` a name of its own")
    ]
    strategy: Annotated[
        str, text("what it is, where the name does not say it: several of a kind need own names")
    ] = ""
    instruments: Annotated[
        tuple[str, ...],
        Meta(
            description="instrument ids in the order of their roles: maker, then hedge venues;"
            " with none, the first that fit are taken",
            max_length=100,
        ),
    ] = ()
    keys: Annotated[
        dict[str, Annotated[str, text("a key's value")]],
        Meta(description='what shapes it, such as {size: "0.01", margin_bps: "2"}'),
    ] = field(default_factory=dict)


class LimitSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What no order, position or loss may exceed, in each world; 0 switches a limit off."""

    notional_max: Annotated[int, whole("largest value of one order", 0, _MONEY)] = 10_000
    collar_bps: Annotated[
        int,
        whole(
            "how far a limit price may lie through the market's best price",
            0,
            10_000,
            "basis points",
        ),
    ] = 100
    orders_per_second: Annotated[int, whole("new and amended orders a second", 0, 10_000)] = 50
    open_orders_max: Annotated[int, whole("orders open at once", 0, 1_000)] = 100
    position_max: Annotated[
        int, whole("largest value of a position, with all that is open filled", 0, _MONEY)
    ] = 50_000
    aggregate_max: Annotated[
        int, whole("largest value of all open orders and perpetual positions", 0, _MONEY)
    ] = 200_000
    exposure_max: Annotated[
        int, whole("largest value of what is open on one side of an instrument", 0, _MONEY)
    ] = 10_000
    volume_permille: Annotated[
        int,
        whole("an order that is more of the last minute's volume waits for approval", 0, 1_000_000),
    ] = 500
    loss_max: Annotated[int, whole("a larger loss halts", 0, _MONEY)] = 1_000
    drawdown_max: Annotated[int, whole("a larger fall from the peak halts", 0, _MONEY)] = 1_000
    jump_bps: Annotated[
        int,
        whole(
            "a price that moves further within jump_ms lets only positions be reduced",
            0,
            10_000,
            "basis points",
        ),
    ] = 500
    jump_ms: Annotated[int, whole("see jump_bps", 0, 600_000, "ms")] = 1_000
    doubt_ms: Annotated[
        int,
        whole(
            "a traded book that is unusable for longer lets only positions be reduced",
            0,
            600_000,
            "ms",
        ),
    ] = 5_000
    margin_permille: Annotated[
        int, whole("part of a perpetual's value that must be there as margin", 0, 1_000)
    ] = 100


class FeeTierSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is paid from a volume on."""

    volume: Annotated[str, decimal("traded in 30 days, in `currency`", "1", "1000000000000")]
    maker: Annotated[
        str, decimal("what making costs, as a fraction; a rebate is negative", "-0.1", "0.1")
    ]
    taker: Annotated[str, decimal("what taking costs, as a fraction", "0", "0.1")]


class FeeLadderSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One venue's fee tiers above the lowest, which is the venue's own maker_fee and taker_fee."""

    tiers: Annotated[
        tuple[FeeTierSettings, ...], Meta(description="by growing volume", max_length=50)
    ]
    volume: Annotated[
        str, decimal("what the account traded in the 30 days before", "0", "1000000000000")
    ] = "0"


class TradingSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What trades, over the wire in mode sim; nothing does without strategies."""

    strategies: Annotated[
        tuple[StrategySettings, ...], Meta(description="what trades", max_length=20)
    ] = ()
    manual: Annotated[
        bool, Meta(description="whether orders may be placed by hand where no strategy trades")
    ] = False
    currency: Annotated[str, text("what results and limits are stated in")] = "USDT"
    balances: Annotated[
        dict[str, dict[str, Annotated[str, decimal("opening balance", "0", "1000000000000")]]],
        Meta(
            description="opening balances by venue and asset on paper; with none, every asset is"
            " plenty. In mode sim they are the venues' own"
        ),
    ] = field(default_factory=dict)
    fees: Annotated[
        dict[str, FeeLadderSettings],
        Meta(description="fee tiers by venue; with none, fees stay those of the lowest tier"),
    ] = field(default_factory=dict)
    latency_ms: Annotated[
        tuple[Annotated[str, decimal("one way of an order", "0.001", "10000", "ms")], ...],
        Meta(
            description="one way of an order and of its answer (ms); of several, one is drawn in a"
            " fixed order",
            max_length=1_000,
        ),
    ] = ("5",)
    halt_file: Annotated[
        str, text("trading halts when this file appears; empty for none", "file")
    ] = "crossquote.halt"
    restore: Annotated[
        bool, Meta(description="whether a start goes on from where the recording ends")
    ] = True
    reconcile_s: Annotated[
        int,
        whole("time between two comparisons of orders and balances with a venue", 1, 86_400, "s"),
    ] = 30
    limits: Annotated[LimitSettings, Meta(description="limits")] = LimitSettings()
