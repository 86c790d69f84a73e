"""Binance's order door: one connection to the WebSocket API, for requests and the user stream."""

from functools import partial

import orjson

from connectors.binance.orders_sign import Signer, frame
from connectors.orders import Request, source_of
from connectors.transport.budget import BudgetParameters
from connectors.transport.connection import (
    Connection,
    ConnectionParameters,
    VenuePacers,
)
from connectors.transport.epoch import EpochParameters
from connectors.transport.orders import DoorSetting, not_sent
from connectors.transport.orders_hosts import check_host, signed
from connectors.transport.orders_queue import OrderLimits, OrderQueue
from connectors.transport.pacer import Pacer, Rate
from market.inputs import STREAM, Input, InputKind

#: A request that arrives later is refused. With what it may wait here that stays below the time
#: after which an unknown order is taken for one that never arrives (`Patience.arrival_ns`).
WINDOW_MS = 3_000
_DAY_S = 86_400.0

#: 50 new orders in ten seconds, 6,000 by weight in a minute for the address, of which market data
#: have their part. https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
LIMITS = OrderLimits(
    orders=Rate(48, 10.1),
    budget=BudgetParameters(burst=600, per_second=40.0),
    weights=(
        ("order.status", 4),
        ("order.amend", 4),
        ("order.", 1),
        ("openOrders.status", 80),
        ("myTrades", 5),
        ("userDataStream", 2),
    ),
    in_flight=1 << 30,
)
#: The venue pings every 20 s.
_EPOCH = EpochParameters(send_rate=Rate(200, 1.0), silence_s_max=60.0, pings_count=True)
_CONNECT = (Rate(3, 1.0), Rate(100, 300.0))
_PAUSES = (429, 418)


class BinanceOrderDoor:
    """See `connectors.transport.orders.OrderDoor`.

    A frame that says that too much was asked makes the door quiet for as long as it says.
    """

    def __init__(
        self,
        *,
        venue: str,
        url: str,
        signer: Signer,
        setting: DoorSetting,
    ) -> None:
        """Raises ForbiddenHostError for an address that orders may not go to."""
        check_host(url)
        self.venue = venue
        self._url = url
        self._signer = signer
        edge, parameters = setting.edge, setting.parameters
        self._sink = setting.sink
        self._edge = edge
        self._venue_ns = partial(setting.venue_ns, venue)
        self._source = ""
        self._queue = OrderQueue(LIMITS, edge.clock, self._carry, self._refuse)
        pacers = VenuePacers(
            Pacer(_CONNECT, edge.clock.monotonic_ns),
            Pacer((_EPOCH.send_rate,), edge.clock.monotonic_ns),
        )
        self._connection = Connection(
            venue=venue,
            name=source_of(venue),
            url=url,
            sink=self._changed,
            frames=self._frame,
            edge=edge,
            pacers=pacers,
            parameters=ConnectionParameters(
                stream=parameters.stream,
                epoch=_EPOCH,
                backoff=parameters.backoff,
                rollover_s=min(parameters.rollover_s, _DAY_S - 1800.0),
            ),
        )

    def submit(self, request: Request) -> None:
        """Sign a request and send it, as soon as the venue's limits let it go."""
        if self._source:
            self._queue.add(request)
        else:
            self._queue.refuse(request, "the order channel is closed")

    def reconnect(self, source: str, why: str) -> None:
        """Drop the stream and open it again; one that is over already is left."""
        self._connection.reconnect(source, why)

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        try:
            await self._connection.run()
        finally:
            self._queue.close()

    def _changed(self, item: Input) -> None:
        """The connection opened or closed: what waits for one that is gone never left."""
        if item.kind is InputKind.OPEN:
            self._source = item.source
        elif item.source == self._source:
            self._source = ""
            self._queue.flush("the order channel closed")
        self._sink(item)

    def _frame(self, source: str, data: bytes, recv_ns: int) -> None:
        if b'"error"' in data:
            self._heed(data)
        self._sink(Input(recv_ns, InputKind.REPORT, source, data, STREAM, 200))

    def _heed(self, data: bytes) -> None:
        """Be quiet where the venue asks for it: `retryAfter` is a time in ms."""
        try:
            row = orjson.loads(data)
            status, error = row["status"], row["error"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return
        if status not in _PAUSES or not isinstance(error, dict):
            return
        told = error.get("data")
        until_ms = told.get("retryAfter", 0) if isinstance(told, dict) else 0
        if not isinstance(until_ms, int):
            until_ms = 0
        left_s = max(0.0, (until_ms - self._venue_ns() // 10**6) / 1000)
        self._edge.counters.count(self.venue, source_of(self.venue), f"http_{status}")
        self._queue.pause(status, left_s)

    def _carry(self, request: Request) -> None:
        # Answers come as frames: nothing here knows when a request is over.
        self._queue.in_flight -= 1
        now_ms = self._venue_ns() // 10**6
        data = signed(self._url, lambda _: frame(request, self._signer, now_ms, WINDOW_MS))
        if not self._connection.send(self._source, data):
            self._queue.refuse(request, "the order channel is closing")

    def _refuse(self, request: Request, why: str) -> None:
        self._edge.counters.count(self.venue, source_of(self.venue), "not_sent")
        self._sink(not_sent(self.venue, request, self._edge.clock.now_ns(), why))
