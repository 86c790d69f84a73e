"""The WebSocket API of the simulated Binance: requests by name, sessions, user data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson

from sim.wire import binance_user as wire

from .binance_call import OF_REQUEST, Dispatcher, Endpoint, Proof, Security
from .binance_desk import Desk
from .binance_error import ApiError, missing
from .binance_limits import Meter, OverLimitError
from .binance_params import Params
from .binance_rest import count_refusal
from .binance_streams import Subscription, UserStreams, deliver
from .client import Client
from .counts import Counts
from .keys import ApiKey

SUBSCRIPTIONS_MAX = 1000  # at a time
SUBSCRIPTIONS_EVER = 65_535  # over the life of a connection
_OF_FRAME = OF_REQUEST | {"returnRateLimits"}
_REMOVED = frozenset({"userDataStream.start", "userDataStream.ping", "userDataStream.stop"})
_UNAUTHORIZED = 401


@dataclass(eq=False, slots=True)
class ApiSession:
    """What the venue knows about one connection to the WebSocket API."""

    client: Client
    meter: Meter
    unit: int
    limits_told: bool
    connected_ns: int
    key: ApiKey | None = None
    authorized_ns: int = 0
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    of_session: set[int] = field(default_factory=set)  # which end with it
    subscribed: int = 0

    def tell(self, payload: bytes) -> None:
        """Send an event."""
        self.client.send(payload.decode())


class WsApi:
    """Answers requests of WebSocket connections."""

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        dispatcher: Dispatcher,
        desk: Desk | None,
        streams: UserStreams,
        counts: Counts,
        now_ns: Callable[[], int],
    ) -> None:
        self._endpoints = {name: it for name, it in endpoints.items() if name[0] != "/"}
        self._dispatcher = dispatcher
        self._desk = desk
        self._streams = streams
        self._counts = counts
        self._now_ns = now_ns
        self._session_calls = {
            "session.logon": self._logon,
            "session.status": self._status,
            "session.logout": self._logout,
            "session.subscriptions": self._subscriptions,
            "userDataStream.subscribe": self._subscribe,
            "userDataStream.subscribe.signature": self._subscribe_signed,
            "userDataStream.unsubscribe": self._unsubscribe,
        }

    def received(self, session: ApiSession, text: str | bytes) -> None:
        """Handle one frame of a client, and answer it."""
        request_id: object = None
        account, counts_orders, limits_told = 0, False, session.limits_told
        self._counts.requests += 1
        try:
            request = _parse(text)
            request_id = request.get("id")
            method, values = _method(request), _values(request)
            params = Params(values, _OF_FRAME)
            told = params.flag("returnRateLimits")
            limits_told = limits_told if told is None else told
            endpoint = self._endpoints.get(method)
            counts_orders = bool(endpoint and endpoint.counts)
            content, account = self._answer(session, method, values, endpoint)
            name, status = "result", 200
            if isinstance(content, bytes):
                content = orjson.Fragment(content)
        except ApiError as error:
            count_refusal(self._counts, error)
            self._tell_wait(session, error)
            content, name, status = error.body(), "error", error.status
        if self._desk is not None:
            self._desk.flush()
        limits = self._limits(session, account if counts_orders else 0) if limits_told else None
        session.client.send(wire.response(request_id, status, name, content, limits).decode())

    def _tell_wait(self, session: ApiSession, error: ApiError) -> None:
        """Add to the error of one who asked too much when to come back."""
        if isinstance(error, OverLimitError) and error.wait_s is not None:
            now_ns = self._now_ns()
            again_ns = now_ns + error.wait_s * 10**9
            times = {"serverTime": now_ns // session.unit, "retryAfter": again_ns // session.unit}
            error.data = times

    def closed(self, session: ApiSession) -> None:
        """Forget a connection."""
        for subscription in session.subscriptions.values():
            self._streams.remove(subscription)
        session.subscriptions.clear()

    def announce_shutdown(self, session: ApiSession) -> None:
        """Tell a client that its connection will be closed."""
        event = wire.server_shutdown(self._now_ns(), session.unit)
        session.tell(orjson.dumps({"event": event}))

    def _limits(self, session: ApiSession, account: int) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = []
        if account and self._desk is not None:
            rows += self._desk.order_limits(account)
        return [*rows, session.meter.rate_limit()]

    def _answer(
        self,
        session: ApiSession,
        method: str,
        values: dict[str, str],
        endpoint: Endpoint | None,
    ) -> tuple[object, int]:
        if method in _REMOVED:
            raise ApiError(-1020, "This operation is not supported.", 410)
        call = self._session_calls.get(method)
        if call is not None:
            session.meter.charge(2, self._now_ns())
            return call(session, values), 0
        if endpoint is None:
            raise ApiError(-1020, "This operation is not supported.")
        if endpoint.security is Security.NONE:
            params, proof = Params(values, _OF_FRAME), Proof(None)
            return self._dispatcher.perform(endpoint, params, proof, session.meter, session.unit)
        params = Params(values, _OF_FRAME - {"timestamp", "recvWindow"})
        proof_or_key = self._proof(session, values)
        return self._dispatcher.perform(endpoint, params, proof_or_key, session.meter, session.unit)

    def _proof(self, session: ApiSession, values: dict[str, str]) -> Proof | ApiKey:
        """Return what a frame shows, or the key of its session where it shows none."""
        if "apiKey" not in values and session.key is not None:
            return session.key
        signed = sorted((name, text) for name, text in values.items() if name != "signature")
        payload = "&".join(f"{name}={text}" for name, text in signed)
        return Proof(values.get("apiKey"), payload.encode(), values.get("signature"))

    def _signed(self, session: ApiSession, values: dict[str, str]) -> ApiKey:
        """Return the key by which a frame that may hold nothing else was signed."""
        params = Params(values, _OF_FRAME - {"timestamp", "recvWindow"})
        key = self._dispatcher.check(params, self._proof(session, values), self._now_ns())
        params.finish(signed=True)
        return key

    # Sessions.

    def _logon(self, session: ApiSession, values: dict[str, str]) -> object:
        if "apiKey" not in values:
            raise ApiError(-2014, "API-key format invalid.", _UNAUTHORIZED)
        key = self._signed(session, values)
        if not self._dispatcher.auth.is_ed25519(key):
            kind = "RSA" if key.public_key else "HMAC_SHA256"
            raise ApiError(-4056, f"{kind} API key is not supported.")
        session.key, session.authorized_ns = key, self._now_ns()
        return self._state(session)

    def _status(self, session: ApiSession, values: dict[str, str]) -> object:
        Params(values, _OF_FRAME).finish(signed=False)
        return self._state(session)

    def _logout(self, session: ApiSession, values: dict[str, str]) -> object:
        Params(values, _OF_FRAME).finish(signed=False)
        session.key, session.authorized_ns = None, 0
        for number in sorted(session.of_session):
            self._end(session, number)
        return self._state(session)

    def _state(self, session: ApiSession) -> object:
        authorized = session.authorized_ns // session.unit if session.key else None
        return {
            "apiKey": session.key.key if session.key else None,
            "authorizedSince": authorized,
            "connectedSince": session.connected_ns // session.unit,
            "returnRateLimits": session.limits_told,
            "serverTime": self._now_ns() // session.unit,
            "userDataStream": bool(session.subscriptions),
        }

    # User data.

    def _subscribe(self, session: ApiSession, values: dict[str, str]) -> object:
        Params(values, _OF_FRAME).finish(signed=False)
        if session.key is None:
            message = "Invalid API-key, IP, or permissions for action."
            raise ApiError(-2015, message, _UNAUTHORIZED)
        answer = self._begin(session, session.key)
        session.of_session.add(session.subscribed - 1)
        return answer

    def _subscribe_signed(self, session: ApiSession, values: dict[str, str]) -> object:
        return self._begin(session, self._signed(session, values))

    def _begin(self, session: ApiSession, key: ApiKey) -> object:
        account = self._dispatcher.account(key)
        if any(it.account == account for it in session.subscriptions.values()):
            raise ApiError(-2035, "User Data Stream subscription already active.")
        ever, now = session.subscribed, len(session.subscriptions)
        if ever >= SUBSCRIPTIONS_EVER or now >= SUBSCRIPTIONS_MAX:
            raise ApiError(-1191, "Too many subscriptions.")
        subscription = Subscription(ever, account, session.unit, session.tell)
        session.subscribed += 1
        session.subscriptions[ever] = subscription
        self._streams.add(subscription)
        return {"subscriptionId": ever}

    def _unsubscribe(self, session: ApiSession, values: dict[str, str]) -> object:
        params = Params(values, _OF_FRAME)
        number = params.integer("subscriptionId")
        params.finish(signed=False)
        numbers = list(session.subscriptions) if number is None else [number]
        if not numbers or numbers[0] not in session.subscriptions:
            raise ApiError(-2036, "User Data Stream subscription not active.")
        for one in numbers:
            self._end(session, one)
        return {}

    def _end(self, session: ApiSession, number: int) -> None:
        subscription = session.subscriptions.pop(number)
        session.of_session.discard(number)
        self._streams.remove(subscription)
        now_ns = self._now_ns()
        deliver([subscription], lambda unit: wire.stream_terminated(now_ns, unit))

    def _subscriptions(self, session: ApiSession, values: dict[str, str]) -> object:
        Params(values, _OF_FRAME).finish(signed=False)
        return [{"subscriptionId": number} for number in session.subscriptions]


def _parse(text: str | bytes) -> dict[str, object]:
    try:
        request = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ApiError(-1135, "Invalid JSON Request") from error
    if not isinstance(request, dict):
        raise ApiError(-1135, "Invalid JSON Request")
    return request


def _method(request: dict[str, object]) -> str:
    method = request.get("method")
    if not isinstance(method, str):
        raise missing("method")
    return method.removeprefix("v3/")


def _values(request: dict[str, object]) -> dict[str, str]:
    """Return the parameters of a frame as texts, spelled as they were sent."""
    params = request.get("params")
    if params is None:
        return {}
    if not isinstance(params, dict):
        raise ApiError(-1135, "Invalid JSON Request")
    return {name: _text(value) for name, value in params.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | list | dict):
        return orjson.dumps(value).decode()
    return str(value)
