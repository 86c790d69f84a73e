"""The simulated Coinbase Advanced Trade: channels by subscription, numbered by connection."""

from asyncio import get_running_loop
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from sim.feed.coinbase import CHANNELS, CoinbaseFeed
from sim.feed.frame import Frame
from sim.market.event import Event
from sim.wire import coinbase as wire

from .client import QUEUE_FRAMES, Client
from .coinbase_rest import CoinbaseRest
from .counts import RateWindow, Rule
from .venue import VenueServer

_HEARTBEATS = "heartbeats"


@dataclass(frozen=True, slots=True)
class CoinbaseRules:
    """The venue's limits on connections; the defaults are those of the real one."""

    requests_per_s: int = 10
    connections_per_s: int = 8
    messages_per_s: int = 8
    subscribe_s: float = 5.0
    idle_s: float = 90.0
    level2_products: int = 30
    ack_first: bool = False  # acknowledge a subscription before its snapshots, not after
    queue_frames: int = QUEUE_FRAMES


@dataclass(eq=False, slots=True)
class _Session:
    """What the venue knows about one connection."""

    client: Client
    address: str
    subscribed: dict[str, list[str]] = field(default_factory=dict)
    sequence: int = 0


class CoinbaseServer(VenueServer):
    """Public data of Coinbase Advanced Trade on one port: REST, and the socket on other paths."""

    book_channel = "l2_data"

    def __init__(
        self, feed: CoinbaseFeed, now_ns: Callable[[], int], rules: CoinbaseRules | None = None
    ) -> None:
        self._rules = rules or CoinbaseRules()
        super().__init__(now_ns, queue_frames=self._rules.queue_frames)
        self._feed = feed
        self._rest = CoinbaseRest(feed, now_ns, self.counts, self._rules.requests_per_s)
        self._sessions: dict[Client, _Session] = {}
        self._subscribers: dict[tuple[str, str], dict[_Session, None]] = {}
        self._attempts: dict[str, RateWindow] = {}
        self._messages: dict[str, RateWindow] = {}

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        self._rest.add_routes(router)
        router.add_get("/", self._connect)
        router.add_get("/ws{path:.*}", self._connect)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        address = request.remote or ""
        window = RateWindow(self._rules.connections_per_s, 1.0)
        if not self._attempts.setdefault(address, window).allow(get_running_loop().time()):
            self.counts.violations[Rule.CONNECTION_RATE] += 1
            return web.Response(status=429)
        return await self.serve_client(request)

    def _opened(self, client: Client, request: web.Request) -> None:
        self._sessions[client] = _Session(client, request.remote or "")
        client.later("subscribe", self._rules.subscribe_s, lambda: self._too_late(client))
        client.later("idle", self._rules.idle_s, lambda: self._check_idle(client))

    def _closed(self, client: Client) -> None:
        session = self._sessions.pop(client)
        for channel, products in list(session.subscribed.items()):
            self._remove(session, channel, list(products))

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
        window = RateWindow(self._rules.messages_per_s, 1.0)
        window = self._messages.setdefault(session.address, window)
        if not window.allow(get_running_loop().time()):
            self.counts.violations[Rule.MESSAGE_RATE] += 1
            self._refuse(session, "rate limit exceeded")
            return
        try:
            request = orjson.loads(data)
        except orjson.JSONDecodeError:
            request = None
        if not isinstance(request, dict):
            self._refuse(session, "failed to parse message")
            return
        self._handle(session, request)

    def _handle(self, session: _Session, request: dict[str, object]) -> None:
        channel, products = request.get("channel"), request.get("product_ids", [])
        if request.get("type") not in ("subscribe", "unsubscribe"):
            self._refuse(session, "unknown message type")
        elif not isinstance(channel, str) or channel not in CHANNELS:
            # The venue's words for a name that it does not know, misleading as they are.
            self._refuse(session, "authentication failure")
        elif not isinstance(products, list):
            self._refuse(session, "failed to parse message")
        elif request["type"] == "subscribe":
            self._subscribe(session, channel, self._known(channel, products))
        else:
            self._remove(session, channel, self._known(channel, products))
            self._acknowledge(session)

    def _refuse(self, session: _Session, message: str) -> None:
        self.counts.refused += 1
        session.client.send(wire.error_frame(message).decode())

    def _known(self, channel: str, products: list[object]) -> list[str]:
        """Return the products that exist; one quoted in USDC stands for that in USD."""
        if channel == _HEARTBEATS:
            return [_HEARTBEATS]
        names: dict[str, None] = {}
        for name in products:
            if isinstance(name, str):
                found = self._feed.resolve(name)
                if found is not None:
                    names[found] = None
        return list(names)

    def _subscribe(self, session: _Session, channel: str, products: list[str]) -> None:
        held = session.subscribed.get(channel, [])
        fresh = [name for name in products if name not in held]
        if channel == "level2" and len(held) + len(fresh) > self._rules.level2_products:
            self.counts.violations[Rule.STREAM_LIMIT] += 1
            self._refuse(session, "too many L2 streams requested in a single session")
            return
        session.client.cancel("subscribe")
        if fresh:
            session.subscribed[channel] = [*held, *fresh]
        if self._rules.ack_first:
            self._acknowledge(session)
        for frame in self._feed.snapshots(channel, fresh):
            self._fan_out(frame, [session])
        for name in fresh:
            self._subscribers.setdefault((CHANNELS[channel], name), {})[session] = None
        if not self._rules.ack_first:
            self._acknowledge(session)

    def _remove(self, session: _Session, channel: str, products: list[str]) -> None:
        held = session.subscribed.get(channel, [])
        for name in products:
            if name in held:
                held.remove(name)
                key = (CHANNELS[channel], name)
                subscribers = self._subscribers[key]
                del subscribers[session]
                if not subscribers:
                    del self._subscribers[key]
        if not held:
            session.subscribed.pop(channel, None)

    def _acknowledge(self, session: _Session) -> None:
        events = orjson.dumps([wire.subscriptions_event(session.subscribed)])
        frame = Frame(self._now_ns(), "subscriptions", "", events)
        self._fan_out(frame, [session])

    def _publish(self, events: list[Event]) -> None:
        for frame in self._feed.publish(events):
            key = (frame.channel, frame.product or _HEARTBEATS)
            self._fan_out(frame, list(self._subscribers.get(key, ())))

    def _discard(self, events: list[Event]) -> None:
        self._feed.publish(events)

    def _fan_out(self, frame: Frame, sessions: list[_Session]) -> None:
        """Send one frame to connections, each under its own number."""
        if not sessions:
            return
        hit = self.faults.meet(f"{frame.channel} {frame.product}")
        for session in sessions:
            number, session.sequence = session.sequence, session.sequence + 1
            text = wire.envelope(frame.channel, frame.ts_ns, number, frame.payload).decode()
            if hit is None:
                session.client.send(text)
                continue
            self.counts.faulted += 1
            hit.send(session.client, text)
