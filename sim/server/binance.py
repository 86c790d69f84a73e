"""The simulated Binance spot: streams, REST and the WebSocket API, under the venue's rules."""

from asyncio import get_running_loop
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from aiohttp import WSCloseCode, WSMsgType, web

from engine.code import State
from sim.exchange.exchange import Exchange
from sim.feed.binance import MICRO, MICROSECOND, MILLISECOND, BinanceFeed
from sim.feed.frame import Frame
from sim.market.event import Event
from sim.wire import binance as wire

from . import binance_control as control
from .binance_account import Queries
from .binance_auth import Auth
from .binance_call import Dispatcher
from .binance_control import ControlError
from .binance_desk import Desk
from .binance_limits import OrderLimits, OverLimitError, WeightLimits
from .binance_market import MarketData
from .binance_rest import BinanceRest, Meters
from .binance_streams import UserStreams
from .binance_trading import Trading
from .binance_wallet import PREFIX, Wallet
from .binance_ws_api import ApiSession, WsApi
from .client import QUEUE_FRAMES, Client
from .counts import RateWindow, Rule
from .keys import ApiKey, KeyRing
from .venue import VenueServer

API_PATH = "/ws-api/v3"
_CONNECT_WEIGHT = 2  # of a connection to the WebSocket API
_STATUSES = {
    State.OPEN: "TRADING",
    State.HALTED: "HALT",
    State.CANCEL_ONLY: "CANCEL_ONLY",
    State.AUCTION: "BREAK",
}


@dataclass(frozen=True, slots=True)
class BinanceRules:
    """The venue's limits on connections; the defaults are those of the real one."""

    weight: WeightLimits = field(default_factory=WeightLimits)
    orders: OrderLimits = field(default_factory=OrderLimits)
    connections: int = 300
    connections_period_s: float = 300.0
    messages_per_s: int = 5
    streams: int = 1024
    ping_s: float = 20.0
    pong_s: float = 60.0
    life_s: float = 86_400.0
    notice_s: float = 60.0  # before the end of life that a shutdown is announced
    queue_frames: int = QUEUE_FRAMES


@dataclass(eq=False, slots=True)
class _Session:
    """What the venue knows about one connection to the streams."""

    client: Client
    combined: bool
    unit: int
    messages: RateWindow
    streams: dict[str, None] = field(default_factory=dict)

    def published(self, name: str) -> str:
        """Return the name under which a stream is published with this connection's stamps."""
        is_micro = self.unit == MICROSECOND and control.has_stamps(name)
        return name + MICRO if is_micro else name


class BinanceServer(VenueServer):
    """Binance spot on one port: `/api/v3`, `/ws` and `/stream`, and `/ws-api/v3`.

    Accounts and orders need an `exchange`; without one there is public data only. Accounts that
    `keys` name and the exchange does not have yet are opened with the balances of their keys.
    """

    book_channel = "@depth"

    def __init__(
        self,
        feed: BinanceFeed,
        now_ns: Callable[[], int],
        rules: BinanceRules | None = None,
        *,
        exchange: Exchange | None = None,
        keys: Iterable[ApiKey] = (),
    ) -> None:
        self._rules = rules or BinanceRules()
        super().__init__(now_ns, queue_frames=self._rules.queue_frames)
        self._feed = feed
        self._exchange = exchange
        ring = KeyRing(keys if exchange else ())
        self._meters = Meters(self._rules.weight)
        streams = UserStreams()
        self._desk = Desk(exchange, feed, streams, self._rules.orders) if exchange else None
        self._accounts = {key.key: self._open(key) for key in ring}
        market = MarketData(feed, self._listing_statuses)
        endpoints = market.endpoints()
        if self._desk is not None:
            endpoints |= Trading(self._desk, market).endpoints()
            endpoints |= Queries(self._desk, market).endpoints()
            endpoints |= Wallet(self._desk, market).endpoints()
        dispatcher = Dispatcher(Auth(ring), lambda key: self._accounts[key.key], self.clock)
        self._rest = BinanceRest(endpoints, dispatcher, self._desk, self._meters, self.counts)
        self._api = WsApi(endpoints, dispatcher, self._desk, streams, self.counts, self.clock)
        self._sessions: dict[Client, _Session] = {}
        self._api_sessions: dict[Client, ApiSession] = {}
        self._subscribers: dict[str, dict[_Session, None]] = {}
        self._attempts: dict[str, RateWindow] = {}
        self._pings = 0
        self._pinged: dict[Client, bytes] = {}  # the last payload sent to each

    def announce_shutdown(self) -> None:
        """Tell every client that its connection will be closed."""
        for client in (*self._sessions, *self._api_sessions):
            self._announce(client)

    def deposit(self, account: str, asset: str, amount: Decimal) -> None:
        """Credit an account and tell its subscribers; KeyError for an unknown account."""
        assert self._exchange is not None, "only a venue with a market core has accounts"
        assert self._desk is not None
        number = self._exchange.account_of(account)
        self._desk.open(number)
        self._desk.deposit(number, asset, amount)

    def on_events(self, events: list[Event]) -> None:
        """Take in what happened in the market, for accounts also while nothing is published."""
        super().on_events(events)
        if self._desk is not None:
            self._desk.on_events(events)

    def _open(self, key: ApiKey) -> int:
        """Return the account of a key, opened if need be."""
        assert self._exchange is not None
        assert self._desk is not None
        try:
            account = self._exchange.account_of(key.account)
        except KeyError:
            account = self._exchange.open_account(key.account, key.balances)
        self._desk.open(account)
        return account

    def _listing_statuses(self) -> dict[str, str]:
        """Return what the venue calls the state of each listing that is not simply trading."""
        if self._exchange is None:
            return {}
        states = {listing.id: self._exchange.state(listing.id) for listing in self._feed.listings}
        return {name: _STATUSES[state] for name, state in states.items()}

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        for prefix in ("/api/v3/", PREFIX):
            router.add_route("*", f"{prefix}{{path:.*}}", self._rest.answer)
        streams = ("/ws", "/ws/{streams:.*}", "/stream", "/stream/{streams:.*}")
        for path in (*streams, API_PATH, API_PATH + "/{rest:.*}"):
            router.add_get(path, self._connect)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        rules = self._rules
        window = RateWindow(rules.connections, rules.connections_period_s)
        window = self._attempts.setdefault(request.remote or "", window)
        if not window.allow(get_running_loop().time()):
            self.counts.violations[Rule.CONNECTION_RATE] += 1
            return web.Response(status=429, headers={"Retry-After": "60"})
        if request.path.startswith(API_PATH):
            try:
                self._meters.of(request.remote).charge(_CONNECT_WEIGHT, self._now_ns())
            except OverLimitError as error:
                self.counts.violations[Rule.WEIGHT] += 1
                headers = {"Retry-After": str(error.wait_s)}
                return web.Response(status=error.status, headers=headers)
        return await self.serve_client(request)

    def _opened(self, client: Client, request: web.Request) -> None:
        rules = self._rules
        is_micro = request.query.get("timeUnit", "").upper() == "MICROSECOND"
        unit = MICROSECOND if is_micro else MILLISECOND
        self._ping_later(client)
        notice_s = max(0.0, rules.life_s - rules.notice_s)
        client.later("notice", notice_s, lambda: self._announce(client))
        client.later("life", rules.life_s, client.close)
        if request.path.startswith(API_PATH):
            told = request.query.get("returnRateLimits", "true").lower() != "false"
            meter = self._meters.of(request.remote)
            session = ApiSession(client, meter, unit, told, self._now_ns())
            self._api_sessions[client] = session
        else:
            self._open_streams(client, request, unit)

    def _open_streams(self, client: Client, request: web.Request, unit: int) -> None:
        rules = self._rules
        combined = request.path.startswith("/stream")
        session = _Session(client, combined, unit, RateWindow(rules.messages_per_s, 1.0))
        self._sessions[client] = session
        # A path without a stream name is a client's own numbering of its connections.
        path = request.match_info.get("streams", "").split("/")
        query = request.query.get("streams", "").split("/")
        names = [control.canonical(name) for name in [*path, *query] if control.is_stream(name)]
        if len(names) > rules.streams:
            self.counts.violations[Rule.STREAM_LIMIT] += 1
            client.close(WSCloseCode.POLICY_VIOLATION, "too many streams")
            return
        self._subscribe(session, names)

    def _closed(self, client: Client) -> None:
        self._pinged.pop(client, None)
        if client in self._api_sessions:
            self._api.closed(self._api_sessions.pop(client))
            return
        session = self._sessions.pop(client)
        self._unsubscribe(session, list(session.streams))

    def _ping_later(self, client: Client) -> None:
        client.later("ping", self._rules.ping_s, lambda: self._ping(client))

    def _ping(self, client: Client) -> None:
        self._pings += 1
        self._pinged[client] = str(self._pings).encode()
        client.ping(self._pinged[client])
        self._ping_later(client)
        if not client.timer_set("pong"):
            client.later("pong", self._rules.pong_s, lambda: self._pong_missing(client))

    def _pong_missing(self, client: Client) -> None:
        self.counts.violations[Rule.PONG_MISSING] += 1
        client.close(WSCloseCode.POLICY_VIOLATION, "Pong timeout")

    def _announce(self, client: Client) -> None:
        if client in self._api_sessions:
            self._api.announce_shutdown(self._api_sessions[client])
            return
        session = self._sessions[client]
        payload = wire.server_shutdown(self._now_ns(), session.unit)
        if session.combined:
            payload = wire.combined("!serverShutdown", payload)
        client.send(payload.decode())

    def _received(self, client: Client, kind: WSMsgType, data: str | bytes) -> None:
        if kind is WSMsgType.PONG and data == self._pinged.get(client):
            client.cancel("pong")
        if client in self._api_sessions:
            if kind is WSMsgType.TEXT:
                self._api.received(self._api_sessions[client], data)
            return
        session = self._sessions[client]
        if not session.messages.allow(get_running_loop().time()):
            self.counts.violations[Rule.MESSAGE_RATE] += 1
            client.close(WSCloseCode.POLICY_VIOLATION, "Too many requests")
        elif kind is WSMsgType.TEXT:
            client.send(self._control(session, data).decode())

    def _control(self, session: _Session, text: str | bytes) -> bytes:
        """Handle one control frame, and return the answer."""
        request_id: wire.RequestId = None
        try:
            request = control.parse(text)
            request_id = control.request_id(request)
            return wire.ack(request_id, self._perform(session, request))
        except ControlError as error:
            self.counts.refused += 1
            return wire.stream_error(request_id, error.code, error.message)

    def _perform(self, session: _Session, request: dict[str, object]) -> object:
        method, params = request.get("method"), request.get("params", [])
        if method not in control.METHODS:
            raise control.unknown_method(method)
        if not isinstance(params, list):
            raise ControlError(2, "Invalid request: params must be an array")
        match method:
            case "SUBSCRIBE":
                self._subscribe(session, control.stream_names(params))
            case "UNSUBSCRIBE":
                self._unsubscribe(session, control.stream_names(params))
            case "LIST_SUBSCRIPTIONS":
                return list(session.streams)
            case "SET_PROPERTY":
                session.combined = control.property_value(params)
            case _:
                control.check_property(params[:1])
                return session.combined
        return None

    def _subscribe(self, session: _Session, names: list[str]) -> None:
        """Add streams; unknown symbols are accepted and stay silent, as at the venue."""
        if len({*session.streams, *names}) > self._rules.streams:
            self.counts.violations[Rule.STREAM_LIMIT] += 1
            raise ControlError(2, "Invalid request: too many streams")
        for name in names:
            session.streams[name] = None
            self._subscribers.setdefault(session.published(name), {})[session] = None

    def _unsubscribe(self, session: _Session, names: list[str]) -> None:
        for name in names:
            if name in session.streams:
                del session.streams[name]
                published = session.published(name)
                subscribers = self._subscribers[published]
                del subscribers[session]
                if not subscribers:
                    del self._subscribers[published]

    def _publish(self, events: list[Event]) -> None:
        for frame in self._feed.publish(events, self._subscribers):
            self._fan_out(frame)

    def _discard(self, events: list[Event]) -> None:
        self._feed.publish(events, ())

    def _fan_out(self, frame: Frame) -> None:
        """Send one frame to its subscribers, spelled once for each of the two forms."""
        sessions = self._subscribers.get(frame.channel)
        if not sessions:
            return
        stream = frame.channel.removesuffix(MICRO)
        hit = self.faults.meet(stream)
        for combined in (False, True):  # one form after the other: each is framed once
            clients = [session.client for session in sessions if session.combined is combined]
            if not clients:
                continue
            payload = wire.combined(stream, frame.payload) if combined else frame.payload
            if hit is None:
                for client in clients:
                    client.send(payload)
                continue
            text = payload.decode()
            self.counts.faulted += len(clients)
            for client in clients:
                hit.send(client, text)
