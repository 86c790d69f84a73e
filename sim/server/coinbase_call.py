"""One REST request to the simulated Coinbase: rates, signatures and answers of both products."""

from asyncio import get_running_loop
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from .coinbase_auth import AuthError
from .coinbase_rate import Buckets
from .counts import Counts, Rule
from .keys import ApiKey

Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its body, and the key that signed it, None where nobody did."""

    request: web.Request
    body: bytes
    key: ApiKey | None
    headers: dict[str, str] = field(default_factory=dict)  # of the answer, besides the usual ones

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the address; the first of several of one name."""
        return self.request.query

    def listed(self, *names: str) -> list[str]:
        """Return every value of parameters, which may be repeated or joined by commas."""
        values = [text for name in names for text in self.request.query.getall(name, [])]
        return [part for text in values for part in text.split(",") if part]

    def part(self, name: str) -> str:
        """Return a part of the path."""
        return self.request.match_info[name]

    def number(self, name: str, default: int, most: int) -> int:
        """Return a whole parameter, at most `most`; BadRequestError if it is none."""
        text = self.request.query.get(name, "")
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 12):
            raise BadRequestError(400, "INVALID_ARGUMENT", f"{name} is not a number")
        return min(int(text), most) or default

    def fields(self) -> dict[str, object]:
        """Return the body's object; BadRequestError if it has none."""
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise BadRequestError(400, "INVALID_ARGUMENT", "the body is not an object")
        return found


class BadRequestError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.name = name


Reply = Callable[[Call], bytes]
Verify = Callable[[web.Request, bytes], ApiKey | None]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a product answers a request that gets no reply."""

    unsigned: Callable[[str], web.Response]
    too_many: bytes
    refusal: Callable[[str, str], bytes]  # error name and message
    has_headers: bool = False  # tell of the rate


class Gate:
    """Lets requests through to their replies: signature first, then the rate of the caller."""

    def __init__(self, counts: Counts, manner: Manner) -> None:
        self._counts = counts
        self._manner = manner

    def handler(self, reply: Reply, buckets: Buckets, verify: Verify | None) -> Handler:
        """Return what aiohttp calls for a route."""

        async def handle(request: web.Request) -> web.Response:
            self._counts.requests += 1
            body = await request.read()
            try:
                key = verify(request, body) if verify else None
            except AuthError as error:
                self._counts.refused += 1
                return self._manner.unsigned(str(error))
            # A user's rate is that of the account, whatever the key and the address.
            caller = f"account {key.account}" if key else request.remote or ""
            left = buckets.take(caller, get_running_loop().time())
            if left < 0:
                self._counts.violations[Rule.REST_RATE] += 1
                return self._respond(429, self._manner.too_many, buckets, 0)
            call = Call(request, body, key)
            try:
                answer = self._respond(200, reply(call), buckets, left)
                answer.headers.update(call.headers)
                return answer
            except BadRequestError as error:
                self._counts.refused += 1
                refusal = self._manner.refusal(error.name, str(error))
                return self._respond(error.status, refusal, buckets, left)

        return handle

    def _respond(self, status: int, body: bytes, buckets: Buckets, left: int) -> web.Response:
        headers = {}
        if self._manner.has_headers:
            headers = {
                "x-ratelimit-limit": str(buckets.rate.burst),
                "x-ratelimit-remaining": str(left),
                "x-ratelimit-reset": str(buckets.reset_s()),
            }
        if status == 429:
            headers["Retry-After"] = str(buckets.reset_s())
        kind = "application/json"
        return web.Response(status=status, body=body, content_type=kind, headers=headers)
