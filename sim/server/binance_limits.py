"""What an address and an account may ask of the simulated Binance within an interval."""

from dataclasses import dataclass

from .binance_error import ApiError

MINUTE_NS = 60 * 10**9
REQUESTS_NS = 5 * MINUTE_NS  # in which requests are counted, whatever they weigh
_MS = 10**6


@dataclass(frozen=True, slots=True)
class WeightLimits:
    """What an address may ask for."""

    per_minute: int = 6000
    requests_per_5_minutes: int = 300_000
    refusals_to_ban: int = 20  # in one minute
    ban_s: int = 120


@dataclass(frozen=True, slots=True)
class OrderLimits:
    """How many orders an account may enter; those that filled do not count."""

    per_10_s: int = 50
    per_day: int = 160_000


class OverLimitError(ApiError):
    """Too much was asked for: 429, or 418 for an address that is banned.

    `wait_s` is for the header Retry-After, which a limit on orders does not have.
    """

    def __init__(self, code: int, message: str, status: int, wait_s: int | None = None) -> None:
        super().__init__(code, message, status)
        self.wait_s = wait_s


class Meter:
    """The weight that one address has used in the current minute, and whether it is banned."""

    def __init__(self, limits: WeightLimits) -> None:
        self._limits = limits
        self._minute = -1
        self._refusals = 0
        self._banned_until_ns = 0
        self._requests = [-1, 0]  # five minutes, and the requests in them
        self.used = 0

    def charge(self, weight: int, now_ns: int) -> None:
        """Take in a request; OverLimitError if it goes beyond what is allowed."""
        self._turn(now_ns)
        if now_ns < self._banned_until_ns:
            raise self._ban(now_ns)
        self.used += weight
        self._requests[1] += 1
        limit, most = self._limits.per_minute, self._limits.requests_per_5_minutes
        if self.used > limit:
            text = f"Too much request weight used; current limit is {limit} request weight"
            raise self._refuse(f"{text} per 1 MINUTE.", MINUTE_NS, now_ns)
        if self._requests[1] > most:
            text = f"Too many requests; current limit is {most} requests per 5 MINUTE."
            raise self._refuse(text, REQUESTS_NS, now_ns)

    def rate_limit(self) -> dict[str, object]:
        """Return the use of the limit as the WebSocket API tells it."""
        return {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": self._limits.per_minute,
            "count": self.used,
        }

    def _turn(self, now_ns: int) -> None:
        minute = now_ns // MINUTE_NS
        if minute != self._minute:
            self._minute, self.used, self._refusals = minute, 0, 0
        if now_ns // REQUESTS_NS != self._requests[0]:
            self._requests = [now_ns // REQUESTS_NS, 0]

    def _refuse(self, text: str, interval_ns: int, now_ns: int) -> OverLimitError:
        """Return the refusal of a request beyond a limit: a ban for one who carries on."""
        self._refusals += 1
        if self._refusals > self._limits.refusals_to_ban:
            self._banned_until_ns = now_ns + self._limits.ban_s * 10**9
            return self._ban(now_ns)
        message = f"{text} Please use WebSocket Streams for live updates to avoid polling the API."
        return OverLimitError(-1003, message, 429, _seconds_up(interval_ns - now_ns % interval_ns))

    def _ban(self, now_ns: int) -> OverLimitError:
        message = (
            f"Way too much request weight used; IP banned until {self._banned_until_ns // _MS}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
        return OverLimitError(-1003, message, 418, _seconds_up(self._banned_until_ns - now_ns))


class OrderCounts:
    """How many orders an account entered in the current ten seconds and the current day."""

    _INTERVALS = (("SECOND", 10, 10 * 10**9), ("DAY", 1, 86_400 * 10**9))

    def __init__(self, limits: OrderLimits) -> None:
        self._limits = (limits.per_10_s, limits.per_day)
        self._turns = [-1, -1]
        self._counts = [0, 0]

    def counts(self, now_ns: int) -> tuple[int, int]:
        """Return what is counted in both intervals."""
        for index, (_, _, length_ns) in enumerate(self._INTERVALS):
            turn = now_ns // length_ns
            if turn != self._turns[index]:
                self._turns[index], self._counts[index] = turn, 0
        return self._counts[0], self._counts[1]

    def check(self, now_ns: int) -> None:
        """Refuse one more order if there were as many as allowed."""
        used = self.counts(now_ns)
        for count, limit, (name, number, _) in zip(
            used, self._limits, self._INTERVALS, strict=True
        ):
            if count >= limit:
                text = f"Too many new orders; current limit is {limit} orders per {number} {name}."
                raise OverLimitError(-1015, text, 429)

    def entered(self, now_ns: int) -> None:
        """Count an order."""
        self.counts(now_ns)
        self._counts = [count + 1 for count in self._counts]

    def filled(self, now_ns: int) -> None:
        """Give an order back: it traded for the first time."""
        self.counts(now_ns)
        self._counts = [max(0, count - 1) for count in self._counts]

    def rate_limits(self, now_ns: int) -> list[dict[str, object]]:
        """Return the use of both limits as the venue tells it."""
        used = self.counts(now_ns)
        rows = zip(used, self._limits, self._INTERVALS, strict=True)
        return [
            {
                "rateLimitType": "ORDERS",
                "interval": name,
                "intervalNum": number,
                "limit": limit,
                "count": count,
            }
            for count, limit, (name, number, _) in rows
        ]


def _seconds_up(ns: int) -> int:
    return -(-ns // 10**9)
