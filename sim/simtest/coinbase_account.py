"""The account at the virtual Coinbase: the simulated one's REST replies and `user` channel."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import orjson
from aiohttp import web
from yarl import URL

from sim.exchange.exchange import Exchange
from sim.feed.coinbase import CoinbaseFeed
from sim.market.event import Event
from sim.server.coinbase_account import AdvancedAccount
from sim.server.coinbase_auth import Authenticator, AuthError
from sim.server.coinbase_call import BadRequestError, Call, Reply
from sim.server.coinbase_desk import CoinbaseDesk
from sim.server.coinbase_orders import AdvancedOrders
from sim.server.coinbase_user import UserFeed
from sim.server.keys import ApiKey, KeyRing
from sim.wire import coinbase as wire

from .line import Line
from .loop import VirtualLoop
from .parcel import Content
from .venue import Answer, Window

if TYPE_CHECKING:
    from multidict import MultiDictProxy

_S = 1_000_000_000
BROKERAGE = "/api/v3/brokerage"
#: Of a user, in a second.
REQUESTS = (30, _S)
#: Updates that come again to a client that subscribes anew.
_REPLAYED = 5
#: What an order may be refused for that does as it should.
EXPECTED = frozenset({"INSUFFICIENT_FUND", "INVALID_LIMIT_PRICE_POST_ONLY", "ORDER_ENTRY_DISABLED"})


@dataclass(frozen=True, slots=True)
class _Asked:
    """What replies want of an aiohttp request."""

    query: "MultiDictProxy[str]"
    match_info: dict[str, str]


class CoinbaseAccount:
    """One account and its key; `changed` is called when the market may have something to tell.

    `refusals` counts what the client was refused other than for EXPECTED reasons.
    """

    def __init__(
        self,
        exchange: Exchange,
        feed: CoinbaseFeed,
        key: ApiKey,
        loop: VirtualLoop,
        now_ns: Callable[[], int],
        changed: Callable[[], None],
    ) -> None:
        self.exchange = exchange
        self.refusals: Counter[str] = Counter()
        ring = KeyRing([key])
        desk = CoinbaseDesk(exchange, feed.products, ring)
        self.number = desk.account(key)
        self._loop = loop
        self._now_ns = now_ns
        self._changed = changed
        self._auth = Authenticator(ring, now_ns)
        self._users = UserFeed(exchange, [self.number])
        routes = (*AdvancedOrders(desk, now_ns).routes(), *AdvancedAccount(desk).routes())
        self._routes: list[tuple[str, list[str], Reply]] = [
            (method, path.split("/"), reply) for method, path, reply in routes
        ]
        self._subscribed: dict[Line, dict[str, list[str]]] = {}
        self._requests = Window(*REQUESTS)
        self._seen = False
        self._heartbeat_ns = 0

    # --- the user channel ------------------------------------------------------------------------

    def opened(self, line: Line) -> None:
        """A new line has no channels."""
        self._subscribed[line] = {}

    def closed(self, line: Line) -> None:
        """Forget its channels."""
        del self._subscribed[line]

    def handle(self, line: Line, data: bytes) -> None:
        """Subscribe: the open orders and the last updates come first."""
        request = orjson.loads(data)
        channel = request["channel"]
        try:
            self._auth.message(request, channel, request.get("product_ids", []))
        except AuthError as error:
            self.refusals[f"coinbase {channel}: {error}"] += "expired" not in str(error)
            line.push(Content.OTHER, "", 0, wire.error_frame("authentication failure"))
            return
        if channel == "user":
            for events in self._users.snapshots(self.number, []):
                self._send(line, "user", events)
            if self._seen:
                for update in self._users.recent(self.number, [], _REPLAYED):
                    self._send(line, "user", update.events)
            self._seen = True
        self._subscribed[line][channel] = [channel]
        told = wire.subscriptions_event(self._subscribed[line])
        self._send(line, "subscriptions", orjson.dumps([told]))

    def publish(self, events: Sequence[Event]) -> None:  # noqa: ARG002
        """Send what became of orders, and a heartbeat a second."""
        for update in self._users.take():
            self._fan_out("user", update.events)
        now = self._loop.now_ns
        if now >= self._heartbeat_ns:
            self._heartbeat_ns = now - now % _S + _S
            row = {"current_time": "", "heartbeat_counter": now // _S}
            self._fan_out("heartbeats", orjson.dumps([row]))

    def _fan_out(self, channel: str, events: bytes) -> None:
        for line, subscribed in list(self._subscribed.items()):
            if channel in subscribed:
                self._send(line, channel, events)

    def _send(self, line: Line, channel: str, events: bytes) -> None:
        data = wire.envelope(channel, self._now_ns(), line.ordinal, events)
        line.push(Content.OTHER, "", 0, data)

    # --- requests --------------------------------------------------------------------------------

    def ask(self, method: str, url: URL, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a signed request."""
        path = url.raw_path.partition(BROKERAGE)[2]
        if not self._requests.add(self._loop.now_ns):
            self.refusals["coinbase request rate"] += 1
            return Answer(429, b"{}", {"Retry-After": "1"})
        try:
            key = self._auth.request(method, BROKERAGE + path, headers, body)
        except AuthError as error:
            self.refusals[f"coinbase {method} {path}: {error}"] += "expired" not in str(error)
            return Answer(401, b"Unauthorized\n")
        reply, parts = self._route(method, path)
        asked = cast(web.Request, _Asked(url.query, parts))
        try:
            made = reply(Call(asked, body, key))
        except BadRequestError as error:
            self.refusals[f"coinbase {method} {path}: {error}"] += error.status != 404
            return Answer(error.status, wire.rest_error(error.name, str(error)))
        self._note(made)
        self._changed()
        return Answer(200, made)

    def _route(self, method: str, path: str) -> tuple[Reply, dict[str, str]]:
        wanted = path.split("/")
        for known, parts, reply in self._routes:
            if known != method or len(parts) != len(wanted):
                continue
            pairs = list(zip(parts, wanted, strict=True))
            if all(part == given or part.startswith("{") for part, given in pairs):
                return reply, {part[1:-1]: given for part, given in pairs if part.startswith("{")}
        raise NotImplementedError(f"{method} {path}")

    def _note(self, made: bytes) -> None:
        """Count an order that was refused."""
        if b'"success":false' not in made[:200]:
            return
        refused = orjson.loads(made).get("error_response")
        if refused and refused["error"] not in EXPECTED:
            self.refusals[f"coinbase {refused['error']} {refused['message']}"] += 1
