"""Coinbase Advanced Trade in a simulation test: channels, snapshots in the stream, numbers."""

from collections.abc import Sequence
from random import Random
from urllib.parse import parse_qs, urlsplit

import orjson

from sim.feed.coinbase import CHANNELS, CoinbaseFeed
from sim.feed.frame import Frame
from sim.market.base import Market
from sim.market.event import Event
from sim.wire import coinbase as wire

from .line import Edge, Line
from .parcel import Content
from .venue import VirtualVenue, Window

_S = 1_000_000_000
REQUESTS = (10, _S)


class VirtualCoinbase(VirtualVenue):
    """All products; each line's frames are numbered from 0."""

    name = "coinbase"
    connect_limit = (8, _S)
    message_limit = (8, _S)
    messages_shared = True

    def __init__(self, market: Market, edge: Edge, random: Random, start_ns: int) -> None:
        super().__init__(edge, random, start_ns)
        self.feed = CoinbaseFeed(market)
        self._ids = {wire.product_of(one): one.id for one in self.feed.listings}
        self._subscribed: dict[Line, dict[str, list[str]]] = {}
        self._requests = Window(*REQUESTS)

    def opened(self, line: Line) -> None:
        """A new line has no channels."""
        self._subscribed[line] = {}

    def closed(self, line: Line) -> None:
        """Forget its channels."""
        del self._subscribed[line]

    def handle(self, line: Line, data: bytes) -> None:
        """Subscribe with the snapshots first, or unsubscribe; then tell what is subscribed."""
        request = orjson.loads(data)
        channel, products = request["channel"], request["product_ids"]
        held = self._subscribed[line].setdefault(channel, [])
        if request["type"] == "subscribe":
            fresh = [name for name in products if name not in held]
            held += fresh
            for frame in self.feed.snapshots(channel, fresh):
                self._send(line, frame, snapshot=True)
        else:
            held[:] = [name for name in held if name not in products]
        events = orjson.dumps([wire.subscriptions_event(self._subscribed[line])])
        self._send(line, Frame(0, "subscriptions", "", events))

    def publish(self, events: Sequence[Event]) -> None:
        """Send what is due to the lines that subscribed to it."""
        channels = {delivered: name for name, delivered in CHANNELS.items()}
        for frame in self.feed.publish(events):
            if frame.channel not in channels:
                continue
            for line, subscribed in list(self._subscribed.items()):
                held = subscribed.get(channels[frame.channel])
                if held is not None and (not frame.product or frame.product in held):
                    self._send(line, frame)

    def _send(self, line: Line, frame: Frame, *, snapshot: bool = False) -> None:
        content, listing, update_id = Content.OTHER, self._ids.get(frame.product, ""), 0
        if frame.channel == "l2_data":
            content = Content.SNAPSHOT if snapshot else Content.DEPTH
            update_id = self.feed.book(frame.product).update_id
        elif frame.channel == "ticker":
            content = Content.QUOTE
        data = wire.envelope(frame.channel, self.wall_ns, line.ordinal, frame.payload)
        line.push(content, listing, update_id, data)

    def count_request(self, path: str) -> None:  # noqa: ARG002
        """Every request counts one."""
        if not self._requests.add(self.edge.loop.now_ns):
            self.breaches["request rate"] += 1

    def reply(self, path: str) -> bytes | None:
        """Products, books, time."""
        parts = urlsplit(path)
        name = parts.path.rsplit("/", 1)[-1]
        if name == "product_book":
            query = parse_qs(parts.query)
            return self.feed.book_reply(query["product_id"][0], int(query["limit"][0]))
        if name == "products":
            return self.feed.products_reply()
        return wire.server_time(self.wall_ns) if name == "time" else None
