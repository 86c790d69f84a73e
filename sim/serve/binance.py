"""A recorded Binance spot: streams as recorded, snapshots of the book as it stands."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from market.inputs import Input, InputKind
from market.naming import NamingError, split_native
from sim.server.client import Client

from .book import ServedBook
from .server import RecordedServer, parsed, reply
from .source import SNAPSHOTS_KEPT, Decimals, Source, increment, reply_topic

#: Diffs that are kept in case a snapshot from before them comes.
RECENT_DIFFS = 5000
STREAMS_MAX = 1024
LEVELS_MAX = 5000
_SPEED = re.compile(r"@\d+ms$")
_WEIGHTS = ("X-MBX-USED-WEIGHT", "X-MBX-USED-WEIGHT-1M")


@dataclass(slots=True)
class _Symbol:
    """One symbol: its book, and what the first look through the recording found."""

    book: ServedBook = field(default_factory=ServedBook)
    decimals: Decimals = field(default_factory=Decimals)
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    first_id: int = 0
    recent: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=RECENT_DIFFS))


@dataclass(eq=False, slots=True)
class _Session:
    client: Client
    combined: bool
    streams: dict[str, None] = field(default_factory=dict)


class RecordedBinance(RecordedServer):
    """Serves `/api/v3`, `/ws` and `/stream` from a recording.

    Frames go out as recorded, in raw or combined form. A snapshot that is asked for before the
    recorded one came is the recorded one: its id lies ahead of the stream, which the venue's rule
    for a first diff allows. After that it is the book as the diffs have made it.
    """

    book_channel = "@depth"

    def __init__(self, source: Source, now_ns: Callable[[], int]) -> None:
        super().__init__(source, now_ns)
        self._symbols: dict[str, _Symbol] = {}
        self._rules: dict[str, dict[str, Any]] = {}
        self._sessions: dict[Client, _Session] = {}
        self._subscribers: dict[str, dict[_Session, str]] = {}
        #: Symbols whose snapshot was asked for, and followed ones of which a diff went out before.
        self._asked: set[str] = set()
        self._unasked: set[str] = set()
        self._expects = True

    @property
    def settled(self) -> bool:
        """Whether the snapshot of each book whose diffs are followed was asked for."""
        return not (self._unasked and self._expects)

    def settle(self) -> None:
        """Expect no snapshot to be asked for any more."""
        self._expects = False

    # --- the recording -----------------------------------------------------------------------

    def _look(self, item: Input) -> None:
        if item.kind is InputKind.REPLY:
            self._look_at_reply(item)
            return
        message = parsed(item.data)
        inner = message.get("data", message) if message else None
        if not isinstance(inner, dict) or not isinstance(inner.get("s"), str):
            return
        symbol = self._symbols.setdefault(inner["s"], _Symbol())
        if inner.get("e") == "depthUpdate":
            symbol.first_id = symbol.first_id or int(inner["U"])
            for price, size in (*inner["b"], *inner["a"]):
                symbol.decimals.see(price, size)

    def _look_at_reply(self, item: Input) -> None:
        topic, name = reply_topic(self.source.venue, item.note)
        body = parsed(item.data) if item.number == 200 else None
        if body is None:
            return
        if topic in ("DEPTH", "AUDIT") and "lastUpdateId" in body:
            symbol = self._symbols.setdefault(name, _Symbol())
            if len(symbol.snapshots) < SNAPSHOTS_KEPT:
                symbol.snapshots.append(body)
            for key in ("bids", "asks"):
                for price, size, *_ in body[key]:  # type: ignore[attr-defined]
                    symbol.decimals.see(price, size)
        elif topic == "RULES":
            rows = body.get("symbols")
            for row in rows if isinstance(rows, list) else ():
                self._rules[row["symbol"]] = row

    def _take(self, item: Input) -> None:
        message = parsed(item.data) if item.number in (0, 200) else None
        if message is None:
            return
        if item.kind is InputKind.REPLY:
            topic, name = reply_topic(self.source.venue, item.note)
            if topic in ("DEPTH", "AUDIT") and "lastUpdateId" in message:
                self._place(self._symbols[name], message)
            return
        inner = message.get("data", message)
        if not isinstance(inner, dict) or not isinstance(inner.get("s"), str):
            return
        is_diff = inner.get("e") == "depthUpdate"
        if is_diff:
            self._apply(self._symbols[inner["s"]], inner)
        if self._send_on(message, inner, item.data) and is_diff and inner["s"] not in self._asked:
            self._unasked.add(inner["s"])

    def _place(self, symbol: _Symbol, snapshot: dict[str, Any]) -> None:
        """Begin a book with a recorded snapshot and the diffs that came before it but go beyond.

        A book that is whole needs none.
        """
        book = symbol.book
        if book.whole:
            return
        book.clear()
        book.fill(snapshot["bids"], snapshot["asks"])
        book.last_id = int(snapshot["lastUpdateId"])
        later = [diff for diff in symbol.recent if int(diff["u"]) > book.last_id]
        book.whole = not later or int(later[0]["U"]) <= book.last_id + 1
        for diff in later:
            book.fill(diff["b"], diff["a"])
            book.last_id = int(diff["u"])

    def _apply(self, symbol: _Symbol, diff: dict[str, Any]) -> None:
        book = symbol.book
        first, last = int(diff["U"]), int(diff["u"])
        if book.last_id and last <= book.last_id:
            symbol.recent.append(diff)
            return
        if book.last_id and first > book.last_id + 1:
            book.whole = False  # a hole in the recording, until its next snapshot
            symbol.recent.clear()
        symbol.recent.append(diff)
        if not book.last_id and not symbol.snapshots:
            book.whole = True  # no snapshot anywhere: the book is what the diffs say
        book.fill(diff["b"], diff["a"])
        book.last_id = last

    def _send_on(self, message: dict[str, Any], inner: dict[str, Any], data: bytes) -> bool:
        """Send a frame to those who follow its stream; tells whether anyone does."""
        named = message.get("stream")
        name = named if isinstance(named, str) else _stream_of(inner)
        sessions = self._subscribers.get(_SPEED.sub("", name))
        if not sessions:
            return False
        raw = data
        if "stream" in message:
            # The payload stands last in its wrapper: its own bytes go out.
            raw = data[data.index(b'"data":') + 7 : data.rindex(b"}")]
        text = raw.decode()
        hit = self.faults.meet(name)
        for session, wanted in list(sessions.items()):
            out = f'{{"stream":"{wanted}","data":{text}}}' if session.combined else text
            if hit is None:
                session.client.send(out)
            else:
                self.counts.faulted += 1
                hit.send(session.client, out)
        return True

    # --- REST --------------------------------------------------------------------------------

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/api/v3/{path:.*}", self._rest)
        for path in ("/ws", "/ws/{streams:.*}", "/stream", "/stream/{streams:.*}"):
            router.add_get(path, self.serve_client)

    async def _rest(self, request: web.Request) -> web.Response:
        self.counts.requests += 1
        response = self._answer(request)
        for name in _WEIGHTS:
            response.headers[name] = "1"
        return response

    def _answer(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        always: dict[str, Callable[[], object]] = {
            "ping": dict,
            "time": lambda: {"serverTime": self._now_ns() // 10**6},
            "exchangeInfo": lambda: self._exchange_info(request),
        }
        if path in always:
            return reply(always[path]())
        if path != "depth":
            return reply({"code": -1000, "msg": "A recording does not hold this."}, 404)
        symbol = self._symbols.get(request.query.get("symbol", ""))
        if symbol is None:
            return reply({"code": -1121, "msg": "Invalid symbol."}, 400)
        limit = request.query.get("limit", "100")
        if not (limit.isascii() and limit.isdecimal() and 0 < len(limit) < 10):
            return reply({"code": -1100, "msg": "Illegal characters found in 'limit'."}, 400)
        self._asked.add(request.query["symbol"])
        self._unasked.discard(request.query["symbol"])
        return reply(self._depth(symbol, min(int(limit), LEVELS_MAX)))

    def _depth(self, symbol: _Symbol, limit: int) -> dict[str, Any]:
        book = symbol.book
        for ahead in symbol.snapshots:
            if book.whole:
                break
            if int(ahead["lastUpdateId"]) > book.last_id:
                sides = {key: ahead[key][:limit] for key in ("bids", "asks")}
                return {"lastUpdateId": ahead["lastUpdateId"], **sides}
            # Its reply came late: the diffs that went out by now are beyond it.
            self._place(symbol, ahead)
        return {
            "lastUpdateId": book.last_id or max(0, symbol.first_id - 1),
            "bids": book.levels(False, limit),
            "asks": book.levels(True, limit),
        }

    def _exchange_info(self, request: web.Request) -> dict[str, Any]:
        asked = request.query.get("symbol")
        rows = []
        for name, symbol in self._symbols.items():
            if asked in (None, name):
                rows += [self._rules[name]] if name in self._rules else self._made(name, symbol)
        return {
            "timezone": "UTC",
            "serverTime": self._now_ns() // 10**6,
            "rateLimits": [
                {
                    "rateLimitType": "REQUEST_WEIGHT",
                    "interval": "MINUTE",
                    "intervalNum": 1,
                    "limit": 6000,
                }
            ],
            "exchangeFilters": [],
            "symbols": rows,
        }

    def _made(self, name: str, symbol: _Symbol) -> list[dict[str, Any]]:
        """Return what the recording shows of a symbol's rules; none for a name that means none."""
        try:
            meant = split_native(self.source.venue, name)
        except NamingError:
            return []
        tick, step = increment(symbol.decimals.price), increment(symbol.decimals.size)
        precision = {
            f"{what}Precision": 8
            for what in ("baseAsset", "quote", "quoteAsset", "baseCommission", "quoteCommission")
        }
        return [
            {
                "symbol": name,
                "status": "TRADING",
                "baseAsset": meant.base,
                "quoteAsset": meant.quote,
                **precision,
                "orderTypes": ["LIMIT", "MARKET"],
                "icebergAllowed": False,
                "isSpotTradingAllowed": True,
                "isMarginTradingAllowed": False,
                "filters": [
                    {
                        "filterType": "PRICE_FILTER",
                        "minPrice": tick,
                        "maxPrice": "10000000",
                        "tickSize": tick,
                    },
                    {
                        "filterType": "LOT_SIZE",
                        "minQty": step,
                        "maxQty": "10000000",
                        "stepSize": step,
                    },
                ],
                "permissions": ["SPOT"],
                "permissionSets": [["SPOT"]],
            }
        ]

    # --- streams -----------------------------------------------------------------------------

    def _opened(self, client: Client, request: web.Request) -> None:
        session = _Session(client, request.path.startswith("/stream"))
        self._sessions[client] = session
        path = request.match_info.get("streams", "").split("/")
        query = request.query.get("streams", "").split("/")
        self._subscribe(session, [name for name in [*path, *query] if "@" in name])

    def _closed(self, client: Client) -> None:
        session = self._sessions.pop(client)
        self._unsubscribe(session, list(session.streams))

    def _received(self, client: Client, kind: WSMsgType, data: str | bytes) -> None:
        if kind is not WSMsgType.TEXT:
            return
        session = self._sessions[client]
        request = parsed(data.encode() if isinstance(data, str) else data)
        request_id = request.get("id") if request else None
        answer: dict[str, Any] = {"result": None, "id": request_id}
        error = self._control(session, request, answer)
        if error:
            self.counts.refused += 1
            answer = {"error": {"code": 2, "msg": error}, "id": request_id}
        client.send(orjson.dumps(answer))

    def _control(
        self, session: _Session, request: dict[str, object] | None, answer: dict[str, Any]
    ) -> str:
        """Do what a control frame asks for; returns what is wrong with it, '' for nothing."""
        params = request.get("params", []) if request else None
        if request is None or not isinstance(params, list):
            return "Invalid request: expected an object with a list of params"
        names = [name for name in params if isinstance(name, str) and "@" in name]
        method = request.get("method")
        if method in ("SUBSCRIBE", "UNSUBSCRIBE") and len(names) != len(params):
            return "Invalid request: invalid stream"
        if method == "SUBSCRIBE":
            if len({*session.streams, *names}) > STREAMS_MAX:
                return "Invalid request: too many streams"
            self._subscribe(session, names)
        elif method == "UNSUBSCRIBE":
            self._unsubscribe(session, names)
        elif method == "LIST_SUBSCRIPTIONS":
            answer["result"] = list(session.streams)
        elif method == "SET_PROPERTY" and params[:1] == ["combined"] and len(params) == 2:
            session.combined = params[1] is True
        elif method == "GET_PROPERTY" and params == ["combined"]:
            answer["result"] = session.combined
        else:
            return f"Invalid request: unknown variant {method}"
        return ""

    def _subscribe(self, session: _Session, names: list[str]) -> None:
        for name in names:
            session.streams[name] = None
            self._subscribers.setdefault(_SPEED.sub("", name), {})[session] = name
            self.subscribed = True

    def _unsubscribe(self, session: _Session, names: list[str]) -> None:
        for name in names:
            session.streams.pop(name, None)
            stream = _SPEED.sub("", name)
            followers = self._subscribers.get(stream, {})
            followers.pop(session, None)
            if not followers and stream.endswith("@depth"):
                self._unasked.discard(stream.partition("@")[0].upper())


def _stream_of(event: dict[str, Any]) -> str:
    """Return the stream of an event that was recorded without its name."""
    kind = {"depthUpdate": "depth", None: "bookTicker"}.get(event.get("e"), event.get("e"))
    return f"{event['s'].lower()}@{kind}"
