"""Control frames of the simulated Binance's streams: what may be asked, and what is refused."""

import orjson

from sim.wire import binance as wire

METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_ID_CHARS_MAX = 36
_ID_RANGE = range(-(2**63), 2**63)


class ControlError(Exception):
    """A control frame that is answered with an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def parse(text: str | bytes) -> dict[str, object]:
    """Return a control frame; ControlError if it is none."""
    try:
        request = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        message = "Invalid JSON: expected value at line 1 column 1"
        raise ControlError(3, message) from error
    if not isinstance(request, dict):
        raise ControlError(2, "Invalid request: expected an object")
    return request


def request_id(request: dict[str, object]) -> wire.RequestId:
    """Return the id under which a frame is answered."""
    value = request.get("id")
    if value is None or (type(value) is int and value in _ID_RANGE):
        return value
    if isinstance(value, str) and len(value) <= _ID_CHARS_MAX:
        return value
    raise ControlError(2, "Invalid request: request ID must be an integer, a short string or null")


def unknown_method(method: object) -> ControlError:
    """Return the error of a method that there is not."""
    expected = ", ".join(f"`{name}`" for name in METHODS)
    message = f"Invalid request: unknown variant {method}, expected one of {expected}"
    return ControlError(2, f"{message} at line 1 column 28")


def is_stream(name: str) -> bool:
    """Tell whether a text can be the name of a stream."""
    return ("@" in name or name.startswith("!")) and name.isprintable()


def canonical(name: str) -> str:
    """Return the name under which a stream is published: two spellings of one are the same."""
    return name.removesuffix("@1000ms")


def has_stamps(name: str) -> bool:
    """Tell whether the events of a stream carry times."""
    kind = name.partition("@")[2]
    return kind != "bookTicker" and not kind.startswith(("depth5", "depth10", "depth20"))


def stream_names(params: list[object]) -> list[str]:
    """Return the streams that a frame names."""
    names = [name for name in params if isinstance(name, str) and is_stream(name)]
    if not names or len(names) != len(params):
        raise ControlError(2, "Invalid request: invalid stream")
    return [canonical(name) for name in names]


def check_property(params: list[object]) -> None:
    """Refuse any property but `combined`."""
    if params != ["combined"]:
        raise ControlError(0, "Unknown property")


def property_value(params: list[object]) -> bool:
    """Return what `combined` is set to."""
    check_property(params[:1])
    if len(params) > 2:
        raise ControlError(2, "Invalid request: too many parameters")
    value = params[1] if len(params) == 2 else None
    if not isinstance(value, bool):
        raise ControlError(1, "Invalid value type: expected Boolean")
    return value
