"""The simulated Binance spot: streams by URL or SUBSCRIBE, under the venue's connection rules."""

from asyncio import get_running_loop
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from sim.feed.binance import BinanceFeed
from sim.feed.frame import Frame
from sim.market.event import Event
from sim.wire import binance as wire

from .binance_rest import BinanceRest, WeightLimits
from .client import QUEUE_FRAMES, Client
from .counts import RateWindow, Rule
from .venue import VenueServer

_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_ID_CHARS_MAX = 36
_ID_RANGE = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class BinanceRules:
    """The venue's limits on connections; the defaults are those of the real one."""

    weight: WeightLimits = field(default_factory=WeightLimits)
    connections: int = 300
    connections_period_s: float = 300.0
    messages_per_s: int = 5
    streams: int = 1024
    ping_s: float = 20.0
    pong_s: float = 60.0
    life_s: float = 86_400.0
    notice_s: float = 60.0  # before the end of life that a shutdown is announced
    queue_frames: int = QUEUE_FRAMES


class _Refusal(Exception):  # noqa: N818 - an answer to the client, not a failure of ours
    """A control frame that is answered with an error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(eq=False, slots=True)
class _Session:
    """What the venue knows about one connection."""

    client: Client
    combined: bool
    messages: RateWindow
    streams: dict[str, None] = field(default_factory=dict)
    pinged: bytes | None = None


class BinanceServer(VenueServer):
    """Public data of Binance spot on one port: `/api/v3`, `/ws` and `/stream`."""

    book_channel = "@depth"

    def __init__(
        self, feed: BinanceFeed, now_ns: Callable[[], int], rules: BinanceRules | None = None
    ) -> None:
        self._rules = rules or BinanceRules()
        super().__init__(now_ns, queue_frames=self._rules.queue_frames)
        self._feed = feed
        self._rest = BinanceRest(feed, now_ns, self.counts, self._rules.weight)
        self._sessions: dict[Client, _Session] = {}
        self._subscribers: dict[str, dict[_Session, None]] = {}
        self._attempts: dict[str, RateWindow] = {}
        self._pings = 0

    def announce_shutdown(self) -> None:
        """Tell every client that its connection will be closed."""
        for session in self._sessions.values():
            self._announce(session)

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_route("*", "/api/v3/{path:.*}", self._rest.answer)
        for path in ("/ws", "/ws/{streams:.*}", "/stream", "/stream/{streams:.*}"):
            router.add_get(path, self._connect)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        rules = self._rules
        window = RateWindow(rules.connections, rules.connections_period_s)
        window = self._attempts.setdefault(request.remote or "", window)
        if not window.allow(get_running_loop().time()):
            self.counts.violations[Rule.CONNECTION_RATE] += 1
            return web.Response(status=429, headers={"Retry-After": "60"})
        return await self.serve_client(request)

    def _opened(self, client: Client, request: web.Request) -> None:
        rules = self._rules
        combined = request.path.startswith("/stream")
        session = _Session(client, combined, RateWindow(rules.messages_per_s, 1.0))
        self._sessions[client] = session
        # A path without a stream name is a client's own numbering of its connections.
        path = request.match_info.get("streams", "").split("/")
        query = request.query.get("streams", "").split("/")
        names = [name for name in [*path, *query] if _is_stream(name)]
        if len(names) > rules.streams:
            self.counts.violations[Rule.STREAM_LIMIT] += 1
            client.close(WSCloseCode.POLICY_VIOLATION, "too many streams")
            return
        self._subscribe(session, names)
        client.later("ping", rules.ping_s, lambda: self._ping(session))
        notice_s = max(0.0, rules.life_s - rules.notice_s)
        client.later("notice", notice_s, lambda: self._announce(session))
        client.later("life", rules.life_s, client.close)

    def _closed(self, client: Client) -> None:
        session = self._sessions.pop(client)
        self._unsubscribe(session, list(session.streams))

    def _ping(self, session: _Session) -> None:
        self._pings += 1
        session.pinged = str(self._pings).encode()
        session.client.ping(session.pinged)
        session.client.later("ping", self._rules.ping_s, lambda: self._ping(session))
        if not session.client.timer_set("pong"):
            session.client.later("pong", self._rules.pong_s, lambda: self._pong_missing(session))

    def _pong_missing(self, session: _Session) -> None:
        self.counts.violations[Rule.PONG_MISSING] += 1
        session.client.close(WSCloseCode.POLICY_VIOLATION, "Pong timeout")

    def _announce(self, session: _Session) -> None:
        payload = wire.server_shutdown(self._now_ns())
        if session.combined:
            payload = wire.combined("!serverShutdown", payload)
        session.client.send(payload.decode())

    def _received(self, client: Client, kind: WSMsgType, data: str | bytes) -> None:
        session = self._sessions[client]
        if not session.messages.allow(get_running_loop().time()):
            self.counts.violations[Rule.MESSAGE_RATE] += 1
            client.close(WSCloseCode.POLICY_VIOLATION, "Too many requests")
        elif kind is WSMsgType.PONG:
            if data == session.pinged:
                client.cancel("pong")
        elif kind is WSMsgType.TEXT:
            client.send(self._control(session, data).decode())

    def _control(self, session: _Session, text: str | bytes) -> bytes:
        """Handle one control frame, and return the answer."""
        request_id: wire.RequestId = None
        try:
            request = _parse(text)
            request_id = _request_id(request)
            return wire.ack(request_id, self._perform(session, request))
        except _Refusal as refusal:
            self.counts.refused += 1
            return wire.stream_error(request_id, refusal.code, refusal.message)

    def _perform(self, session: _Session, request: dict[str, object]) -> object:
        method, params = request.get("method"), request.get("params", [])
        if method not in _METHODS:
            expected = ", ".join(f"`{name}`" for name in _METHODS)
            message = f"Invalid request: unknown variant {method}, expected one of {expected}"
            raise _Refusal(2, f"{message} at line 1 column 28")
        if not isinstance(params, list):
            raise _Refusal(2, "Invalid request: params must be an array")
        match method:
            case "SUBSCRIBE":
                self._subscribe(session, _stream_names(params))
            case "UNSUBSCRIBE":
                self._unsubscribe(session, _stream_names(params))
            case "LIST_SUBSCRIPTIONS":
                return list(session.streams)
            case "SET_PROPERTY":
                session.combined = _combined_value(params)
            case _:
                _combined_name(params[:1])
                return session.combined
        return None

    def _subscribe(self, session: _Session, names: list[str]) -> None:
        """Add streams; unknown symbols are accepted and stay silent, as at the venue."""
        names = [_canonical(name) for name in names]
        if len({*session.streams, *names}) > self._rules.streams:
            self.counts.violations[Rule.STREAM_LIMIT] += 1
            raise _Refusal(2, "Invalid request: too many streams")
        for name in names:
            session.streams[name] = None
            self._subscribers.setdefault(name, {})[session] = None

    def _unsubscribe(self, session: _Session, names: list[str]) -> None:
        for name in map(_canonical, names):
            if name in session.streams:
                del session.streams[name]
                subscribers = self._subscribers[name]
                del subscribers[session]
                if not subscribers:
                    del self._subscribers[name]

    def _publish(self, events: list[Event]) -> None:
        for frame in self._feed.publish(events, self._subscribers):
            self._fan_out(frame)

    def _discard(self, events: list[Event]) -> None:
        self._feed.publish(events, ())

    def _fan_out(self, frame: Frame) -> None:
        """Send one frame to its subscribers, spelled once for each of the two forms."""
        sessions = list(self._subscribers.get(frame.channel, ()))
        if not sessions:
            return
        hit = self.faults.meet(frame.channel)
        raw = frame.payload.decode()
        wrapped = wire.combined(frame.channel, frame.payload).decode()
        for session in sessions:
            text = wrapped if session.combined else raw
            if hit is None:
                session.client.send(text)
                continue
            self.counts.faulted += 1
            hit.send(session.client, text)


def _is_stream(name: str) -> bool:
    return "@" in name or name.startswith("!")


def _canonical(name: str) -> str:
    """Return the name under which a stream is published: two spellings of one are the same."""
    return name.removesuffix("@1000ms")


def _parse(text: str | bytes) -> dict[str, object]:
    try:
        request = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        message = "Invalid JSON: expected value at line 1 column 1"
        raise _Refusal(3, message) from error
    if not isinstance(request, dict):
        raise _Refusal(2, "Invalid request: expected an object")
    return request


def _request_id(request: dict[str, object]) -> wire.RequestId:
    value = request.get("id")
    if value is None or (type(value) is int and value in _ID_RANGE):
        return value
    if isinstance(value, str) and len(value) <= _ID_CHARS_MAX:
        return value
    raise _Refusal(2, "Invalid request: request ID must be an integer, a short string or null")


def _stream_names(params: list[object]) -> list[str]:
    names = [name for name in params if isinstance(name, str) and _is_stream(name)]
    if not names or len(names) != len(params):
        raise _Refusal(2, "Invalid request: invalid stream")
    return names


def _combined_name(params: list[object]) -> None:
    if params != ["combined"]:
        raise _Refusal(0, "Unknown property")


def _combined_value(params: list[object]) -> bool:
    _combined_name(params[:1])
    if len(params) > 2:
        raise _Refusal(2, "Invalid request: too many parameters")
    value = params[1] if len(params) == 2 else None
    if not isinstance(value, bool):
        raise _Refusal(1, "Invalid value type: expected Boolean")
    return value
