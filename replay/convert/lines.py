"""Inputs as lines of the three public forms: what one line says, spelled as recorders spell it."""

import json
import re
from typing import Any

from market.inputs import Input, InputKind

#: Earlier times are read as µs in form A.
_NS_MIN = 10**17
_OPENED = re.compile(r"wss?://\S+")
_FETCHED = re.compile(r"https?://\S+")


class CannotHoldError(ValueError):
    """A form has no way to say this input; the message says what of it."""


def seconds(ts: int) -> str:
    """Return ns as decimal seconds, exactly, as short as a float prints them: `12.0`, `12.5`."""
    whole, rest = divmod(ts, 1_000_000_000)
    return f"{whole}.{f'{rest:09d}'.rstrip('0') or '0'}"


def one_line(data: bytes) -> bytes:
    """Return a payload for a form that ends it with its line; raises CannotHoldError."""
    if b"\n" in data:
        raise CannotHoldError("a payload with a line break")
    return data


def form_a(item: Input, unit: str = "ns") -> bytes:
    """Return `<local time> <payload>` of a frame or an inline snapshot; `unit` is `ns` or `us`."""
    if item.kind not in (InputKind.FRAME, InputKind.REPLY):
        raise CannotHoldError(item.kind.name)
    if item.kind is InputKind.REPLY and item.number != 200:
        raise CannotHoldError("a reply that failed")
    if item.ts_recv < _NS_MIN or (unit == "us" and item.ts_recv % 1000):
        raise CannotHoldError(f"the time {item.ts_recv} ns")
    if not item.data:
        raise CannotHoldError("an empty payload")
    ts = item.ts_recv // 1000 if unit == "us" else item.ts_recv
    return b"%d %b" % (ts, one_line(item.data))


def form_b(item: Input) -> bytes:
    """Return the line of a frame, a good reply or an opened socket."""
    ts = seconds(item.ts_recv)
    if item.kind is InputKind.FRAME:
        return f"{ts}: ".encode() + one_line(item.data)
    if item.kind is InputKind.REPLY:
        if item.number != 200 or not _FETCHED.fullmatch(item.note):
            raise CannotHoldError("a reply that failed or whose URL is not known")
        return f"{item.note} -> {ts}: ".encode() + one_line(item.data)
    if item.kind is InputKind.OPEN and _OPENED.fullmatch(item.note):
        return f"{item.note} <-> {ts}".encode()
    raise CannotHoldError(item.kind.name)


_C_KINDS = {
    InputKind.FRAME: "recv",
    InputKind.REPLY: "http",
    InputKind.OPEN: "connect",
    InputKind.CLOSE: "disconnect",
}


def form_c(item: Input, connection: str) -> bytes:
    """Return the object of a frame, a reply, an opened or a closed connection."""
    kind = _C_KINDS.get(item.kind)
    if kind is None:
        raise CannotHoldError(item.kind.name)
    row: dict[str, Any] = {}
    if item.kind is InputKind.REPLY:
        row["url"] = item.note
        if item.number != 200:
            row["status"] = item.number
    elif item.kind is InputKind.OPEN:
        row["addr"] = item.note
    elif item.kind is InputKind.CLOSE:
        row["reason"] = item.note
    if item.kind in (InputKind.FRAME, InputKind.REPLY):
        try:
            row["data"] = item.data.decode()
        except UnicodeDecodeError:
            raise CannotHoldError("a payload that is no text") from None
    try:
        rest = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()
        head = json.dumps(connection, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise CannotHoldError("text that is no UTF-8") from None
    # The time is spelled apart from the rest: as a float it would lose its last digits.
    return b'{"t":"%b","conn":%b,"ts":%b,%b' % (
        kind.encode(),
        head,
        seconds(item.ts_recv).encode(),
        rest[1:],
    )
