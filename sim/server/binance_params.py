"""The parameters of one request to the simulated Binance: read one by one, checked as read."""

import re
from collections.abc import Collection, Mapping
from urllib.parse import unquote_plus

import orjson

from .binance_error import ApiError, missing

E8 = 10**8
_DECIMALS_MAX = 8
_LONG = r"^[0-9]{1,20}$"
_LONG_MAX = 2**63 - 1
_DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_SYMBOL = r"^[A-Z0-9-_.]{1,20}$"
_CLIENT_ID = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"
_PARAMETERS_MAX = 100


def split(raw: str) -> list[tuple[str, str]]:
    """Return the pairs of a query string or form body, as sent, still percent-encoded."""
    pairs = (part.partition("=") for part in raw.split("&") if part)
    return [(name, value) for name, _, value in pairs]


def merge(query: str, body: str) -> dict[str, str]:
    """Return the decoded parameters of a request; where both hold one, the query's counts.

    ApiError for a name that comes twice in one of them, and for too many.
    """
    values: dict[str, str] = {}
    for raw in (body, query):
        pairs = [(unquote_plus(name), unquote_plus(value)) for name, value in split(raw)]
        if len(pairs) > _PARAMETERS_MAX:
            raise ApiError(-1101, "Too many parameters sent for this endpoint.")
        if len(dict(pairs)) < len(pairs):
            raise ApiError(-1101, "Duplicate values for a parameter detected.")
        values.update(pairs)
    return values


class Params:
    """Reads parameters by the venue's rules, and knows in the end which ones nobody read.

    Every reader returns None for a parameter that was not sent. Numbers are texts on the wire.
    """

    def __init__(self, values: Mapping[str, str], free: Collection[str] = ()) -> None:
        self._values = values
        self._free = frozenset(free)  # parameters that are never in the way
        self._read: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str | None:
        """Return a parameter as it is; ApiError if it was sent empty."""
        self._read.add(name)
        value = self._values.get(name)
        if value == "":
            raise ApiError(-1105, f"Parameter '{name}' was empty.")
        return value

    def needed(self, name: str) -> str:
        """Return a parameter that must be there."""
        value = self.text(name)
        if value is None:
            raise missing(name)
        return value

    def integer(self, name: str) -> int | None:
        """Return a whole number, never negative; ApiError if it does not fit 64 bits."""
        text = self._matching(name, _LONG)
        if text is not None and int(text) > _LONG_MAX:
            raise ApiError(-1108, f"Parameter '{name}' overflowed.")
        return None if text is None else int(text)

    def decimal(self, name: str) -> int | None:
        """Return a decimal in units of 1e-8; ApiError for more than eight decimals."""
        text = self._matching(name, _DECIMAL)
        if text is None:
            return None
        whole, _, part = text.partition(".")
        part = part.rstrip("0")
        if len(part) > _DECIMALS_MAX:
            raise ApiError(-1111, f"Parameter '{name}' has too much precision.")
        return int(whole) * E8 + int(part.ljust(_DECIMALS_MAX, "0"))

    def symbol(self) -> str | None:
        """Return the parameter `symbol`, which may still be unknown."""
        return self._matching("symbol", _SYMBOL)

    def client_id(self, name: str) -> str | None:
        """Return a client's order id."""
        return self._matching(name, _CLIENT_ID)

    def limit(self, default: int, most: int) -> int:
        """Return the parameter `limit`, clamped from above; ApiError for zero."""
        limit = self.integer("limit")
        if limit == 0:
            raise ApiError(-1130, "Data sent for parameter 'limit' is not valid.")
        return default if limit is None else min(limit, most)

    def flag(self, name: str) -> bool | None:
        """Return a truth value."""
        text = self.text(name)
        if text is None:
            return None
        if text.lower() not in {"true", "false"}:
            raise ApiError(-1100, f"Illegal characters found in parameter '{name}'.")
        return text.lower() == "true"

    def choice(self, name: str, choices: Collection[str], error: ApiError) -> str | None:
        """Return one of a few words, or raise the error that stands for any other."""
        text = self.text(name)
        if text is not None and text not in choices:
            raise error
        return text

    def names(self, name: str) -> list[str] | None:
        """Return a JSON list of symbols."""
        text = self.text(name)
        if text is None:
            return None
        try:
            names = orjson.loads(text)
        except orjson.JSONDecodeError:
            names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            legal = '\'^\\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\\]$\''
            raise _illegal(name, legal)
        if len(set(names)) < len(names):
            raise ApiError(-1151, "Symbol is present multiple times in the list.")
        return names

    def finish(self, signed: bool) -> None:
        """Refuse what was sent and not read: the last thing to do before acting."""
        sent = self._values.keys() - self._free
        read = sent & self._read
        if sent == read:
            return
        if signed:
            counts = f"read '{len(read)}' parameter(s) but was sent '{len(sent)}'"
            raise ApiError(-1104, f"Not all sent parameters were read; {counts}.")
        counts = f"expected '{len(self._read)}' and received '{len(sent)}'"
        raise ApiError(-1101, f"Too many parameters; {counts}.")

    def _matching(self, name: str, pattern: str) -> str | None:
        text = self.text(name)
        if text is not None and not re.fullmatch(pattern, text, re.ASCII):
            raise _illegal(name, f"'{pattern}'")
        return text


def _illegal(name: str, legal: str) -> ApiError:
    text = f"Illegal characters found in parameter '{name}'; legal range is {legal}."
    return ApiError(-1100, text)
