"""Subscribing: `{"op": "subscribe", "args": [{"channel": …, "instId": …}, …]}`."""

import orjson

#: Depth first: the channels are acknowledged in this order.
CHANNELS = ("books", "bbo-tbt", "trades")


def subscribe(natives: list[str]) -> bytes:
    """Return the frame that asks for all channels of these instruments."""
    return _frame("subscribe", [(channel, name) for name in natives for channel in CHANNELS])


def again(native: str) -> list[bytes]:
    """Return the frames that bring a fresh snapshot: leave the channel and join it."""
    return [_frame(op, [("books", native)]) for op in ("unsubscribe", "subscribe")]


def _frame(op: str, wanted: list[tuple[str, str]]) -> bytes:
    args = [{"channel": channel, "instId": name} for channel, name in wanted]
    return orjson.dumps({"op": op, "args": args})
