"""What the API takes as bodies; an unknown key or a value out of bounds is refused."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

_ID = Annotated[str, Meta(max_length=64, pattern=r"^[A-Z0-9][A-Z0-9.\-]*$", description="its id")]
_DECIMAL = Annotated[
    str, Meta(max_length=40, pattern=r"^[0-9]{1,18}(\.[0-9]{1,18})?$", description="exact decimal")
]
_WORLD = Annotated[str, Meta(max_length=32, pattern=r"^[a-z_]*$", description="one world, or ''")]
_TEXT = Annotated[str, Meta(max_length=200)]


class NewOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """A limit order; without `world` each world of fills gets one."""

    instrument: _ID
    side: Literal["buy", "sell"]
    size: _DECIMAL
    price: _DECIMAL
    tif: Literal["gtc", "ioc", "fok"] = "gtc"
    post_only: bool = False
    world: _WORLD = ""


class Amendment(Struct, frozen=True, forbid_unknown_fields=True):
    """Another price and another whole size, what is filled included."""

    price: _DECIMAL
    size: _DECIMAL


class Why(Struct, frozen=True, forbid_unknown_fields=True):
    """A reason, for the records."""

    reason: _TEXT = ""


class Causes(Struct, frozen=True, forbid_unknown_fields=True):
    """Causes to lift, separated by commas; nothing stands for all."""

    causes: Annotated[str, Meta(max_length=200, pattern=r"^[a-z_\-, ]*$")] = ""


class Approval(Struct, frozen=True, forbid_unknown_fields=True):
    """The world in which a held order waits, or '' for every world that has that number."""

    world: _WORLD = ""


class InWorld(Struct, frozen=True, forbid_unknown_fields=True):
    """The world in which a schedule is meant, or '' for every one."""

    world: _WORLD = ""


class NoBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing: an empty object, or no body at all."""


class Fault(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A fault to lay on a simulated venue; 0 and '' stand for the usual of its kind."""

    venue: Literal["binance", "coinbase"]
    kind: Annotated[str, Meta(max_length=32, pattern=r"^[a-z0-9\-]+$")]
    seconds: Annotated[float, Meta(gt=0, le=600)] = 5.0
    rate: Annotated[float, Meta(ge=0, le=20)] = 0.0
    amount_ms: Annotated[int, Meta(ge=-3_600_000, le=3_600_000)] = 0
    channel: Annotated[str, Meta(max_length=32)] = ""
    seed: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 1
