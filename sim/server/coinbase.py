"""The simulated Coinbase: Advanced Trade and Exchange over one market, on one port."""

from asyncio import get_running_loop
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from sim.exchange.exchange import Exchange
from sim.feed.coinbase import CoinbaseFeed
from sim.feed.coinbase_exchange import ExchangeFeed
from sim.market.event import Event

from .client import QUEUE_FRAMES, Client
from .coinbase_advanced import AdvancedSocket, AdvancedSocketRules
from .coinbase_auth import Authenticator
from .coinbase_desk import CoinbaseDesk
from .coinbase_exchange_socket import ExchangeSocket
from .coinbase_rate import Buckets, Rate
from .coinbase_rest import CoinbaseRest, RestRates
from .coinbase_session import Session
from .counts import Rule
from .keys import ApiKey, KeyRing
from .venue import VenueServer

EXCHANGE_PATH = "/exchange"


@dataclass(frozen=True, slots=True)
class CoinbaseRules:
    """The venue's limits on connections; the defaults are those of the real one."""

    requests_per_s: int = 10
    rates: RestRates | None = None  # of REST; None for the real ones with `requests_per_s`
    connections_per_s: int = 8
    messages_per_s: int = 8
    exchange_messages_per_s: int = 100
    subscribe_s: float = 5.0
    idle_s: float = 90.0
    level2_products: int = 30
    ack_first: bool = False  # acknowledge a subscription before its snapshots, not after
    user_replay: int = 5  # updates of `user` that come again to a client that subscribes anew
    queue_frames: int = QUEUE_FRAMES


class CoinbaseServer(VenueServer):
    """Both products' REST and sockets. A message's own form tells which product it is meant for.

    Advanced Trade names one `channel`, Exchange several `channels`; a path below `/exchange`
    settles it where a message has neither. Without an exchange behind the market there is public
    data of Advanced Trade only.
    """

    book_channel = "l2_data"

    def __init__(
        self,
        feed: CoinbaseFeed,
        now_ns: Callable[[], int],
        rules: CoinbaseRules | None = None,
        exchange: Exchange | None = None,
        keys: Iterable[ApiKey] = (),
    ) -> None:
        self._rules = rules = rules or CoinbaseRules()
        super().__init__(now_ns, queue_frames=rules.queue_frames)
        self._feed = feed
        ring = KeyRing(keys)
        auth = Authenticator(ring, self._now_ns)
        desk = CoinbaseDesk(exchange, feed.products, ring) if exchange else None
        socket_rules = AdvancedSocketRules(
            rules.level2_products, rules.ack_first, rules.user_replay
        )
        self._advanced = AdvancedSocket(
            feed, self._now_ns, socket_rules, self.counts, self.faults, desk, auth
        )
        self.exchange: ExchangeSocket | None = None
        orders = None
        if exchange is not None and desk is not None:
            orders = ExchangeFeed(feed.products, exchange)
            self.exchange = ExchangeSocket(orders, self.counts, self.faults, desk, auth)
        rates = rules.rates or RestRates(public=Rate(rules.requests_per_s, rules.requests_per_s))
        self._rest = CoinbaseRest(feed, self._now_ns, self.counts, rates, desk, auth, orders)
        self._sessions: dict[Client, Session] = {}
        self._attempts = Buckets(Rate(rules.connections_per_s, rules.connections_per_s))
        self._messages = {
            False: Buckets(Rate(rules.messages_per_s, rules.messages_per_s)),
            True: Buckets(Rate(rules.exchange_messages_per_s, rules.exchange_messages_per_s)),
        }

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        self._rest.add_routes(router)
        router.add_get("/", self._connect)
        router.add_get("/ws{path:.*}", self._connect)
        router.add_get(EXCHANGE_PATH + "{path:.*}", self._connect)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        now_s = get_running_loop().time()
        if self._attempts.take(request.remote or "", now_s) < 0:
            self.counts.violations[Rule.CONNECTION_RATE] += 1
            return web.Response(status=429)
        return await self.serve_client(request)

    def _opened(self, client: Client, request: web.Request) -> None:
        speaks_exchange = request.path.startswith(EXCHANGE_PATH)
        self._sessions[client] = Session(client, request.remote or "", speaks_exchange)
        client.later("subscribe", self._rules.subscribe_s, lambda: self._too_late(client))
        client.later("idle", self._rules.idle_s, lambda: self._check_idle(client))

    def _closed(self, client: Client) -> None:
        session = self._sessions.pop(client)
        self._advanced.closed(session)
        if self.exchange is not None:
            self.exchange.closed(session)

    def _too_late(self, client: Client) -> None:
        self.counts.violations[Rule.SUBSCRIBE_DEADLINE] += 1
        client.close(WSCloseCode.POLICY_VIOLATION, "subscribe deadline")

    def _check_idle(self, client: Client) -> None:
        left_s = client.sent_s + self._rules.idle_s - get_running_loop().time()
        if left_s > 0.0:
            client.later("idle", left_s, lambda: self._check_idle(client))
            return
        self.counts.idle_closed += 1
        client.close(WSCloseCode.GOING_AWAY, "idle")

    def _received(self, client: Client, kind: WSMsgType, data: str | bytes) -> None:
        if kind is not WSMsgType.TEXT:
            return
        session = self._sessions[client]
        try:
            request = orjson.loads(data)
        except orjson.JSONDecodeError:
            request = None
        socket = self._socket(session, request)
        if not self._may_send(session, request, socket is self.exchange):
            self.counts.violations[Rule.MESSAGE_RATE] += 1
            socket.refuse(session, "rate limit exceeded")
        elif not isinstance(request, dict):
            socket.refuse(session, "failed to parse message")
        else:
            socket.handle(session, request)

    def _may_send(self, session: Session, request: object, is_exchange: bool) -> bool:
        """Take a message in; Advanced Trade counts only those that nobody signed."""
        signed = isinstance(request, dict) and ("jwt" in request or "signature" in request)
        if signed and not is_exchange:
            return True
        now_s = get_running_loop().time()
        return self._messages[is_exchange].take(session.address, now_s) >= 0

    def _socket(self, session: Session, request: object) -> "AdvancedSocket | ExchangeSocket":
        """Return the product that a message is meant for."""
        names = request.keys() if isinstance(request, dict) else ()
        is_exchange = "channels" in names or (session.speaks_exchange and "channel" not in names)
        return self.exchange if is_exchange and self.exchange else self._advanced

    def _publish(self, events: list[Event]) -> None:
        batches = self._feed.products.take(events)
        self._advanced.publish(batches, self._now_ns())
        if self.exchange is not None:
            self.exchange.publish(batches)

    def _discard(self, events: list[Event]) -> None:
        batches = self._feed.products.take(events)
        self._advanced.discard(batches)
        if self.exchange is not None:
            self.exchange.discard(batches)
