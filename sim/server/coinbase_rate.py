"""Rates of the simulated Coinbase: buckets that fill steadily, one for each caller."""

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil

_CALLERS_MAX = 1024


@dataclass(frozen=True, slots=True)
class Rate:
    """What a caller may do: `per_s` in the long run, `burst` at once."""

    per_s: float
    burst: int


class _Bucket:
    __slots__ = ("at_s", "tokens")

    def __init__(self, tokens: float, at_s: float) -> None:
        self.tokens = tokens
        self.at_s = at_s


class Buckets:
    """One bucket a caller. Of callers beyond a thousand the longest unseen starts afresh."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, caller: str, now_s: float) -> int:
        """Take one token; returns how many whole ones are left, -1 where there was none."""
        bucket = self._buckets.get(caller)
        if bucket is None:
            bucket = self._buckets[caller] = _Bucket(self.rate.burst, now_s)
            if len(self._buckets) > _CALLERS_MAX:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(caller)
        filled = bucket.tokens + (now_s - bucket.at_s) * self.rate.per_s
        bucket.tokens, bucket.at_s = min(filled, float(self.rate.burst)), now_s
        if bucket.tokens < 1.0:
            return -1
        bucket.tokens -= 1.0
        return int(bucket.tokens)

    def reset_s(self) -> int:
        """Return the whole seconds after which an empty bucket surely has a token again."""
        return ceil(1.0 / self.rate.per_s)
