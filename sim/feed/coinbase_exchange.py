"""What Coinbase Exchange publishes about a market: levels, trades, and orders one by one."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

import orjson

from sim.exchange.exchange import Exchange
from sim.exchange.order import Execution, Order, Report
from sim.market.event import LevelChange, Print, Side
from sim.wire import coinbase_exchange as wire
from sim.wire import coinbase_full as full
from sim.wire.coinbase import product_of

from .coinbase import BATCH_NS, HEARTBEAT_NS, L2_NS, STATUS_NS
from .coinbase_orders import OrderFlow, RestingOrders
from .coinbase_product import Batch, Product, Products
from .frame import Frame

# Finding out what orders did means looking at all that are open: they wait this long to be told
# of, and at a venue of very many longer in proportion.
ORDERS_NS = 50_000_000
ORDERS_NS_EACH = 20_000

# `level2` needs a signature since 2023; `level2_batch` has the same messages.
CHANNELS = (
    *("heartbeat", "status", "ticker", "ticker_batch", "matches"),
    *("level2", "level2_batch", "full", "level3", "user"),
)
SIGNED = ("level2", "full", "level3", "user")
ORDER_BY_ORDER = ("full", "level3", "user")
Wanted = Container[tuple[str, str]]


@dataclass(slots=True)
class _Tape:
    """The published side of one product: its sequence, and what waits."""

    product: Product
    sequence: int
    flow: OrderFlow | None = None
    prints: list[Print] = field(default_factory=list)  # not yet told by the flow
    own: dict[int, Order] = field(default_factory=dict)  # ours that the flow has not yet met
    levels: dict[tuple[Side, int], int] = field(default_factory=dict)
    changed_ns: int = 0
    last: Print | None = None
    last_sequence: int = 0
    ticked: bool = False


class ExchangeFeed:
    """Encodes the events of a market as messages, each once for all connections.

    The sequence of a product counts its order messages. They are made up only while somebody reads
    them (`track`); at other times the sequence moves on with the market, as it would seem to
    a client of the other channels.
    """

    def __init__(self, products: Products, exchange: Exchange) -> None:
        self._products = products
        self._exchange = exchange
        self._tapes = {
            name: _Tape(product, product.book.update_id) for name, product in products.by_id.items()
        }
        self._tracked: frozenset[str] = frozenset()
        self._begins = False  # a product is tracked that has no flow yet
        self._batch: dict[str, _Tape] = {}
        self._tickers: dict[str, _Tape] = {}
        self._stirred: dict[str, _Tape] = {}
        now = exchange.now_ns
        periods = {
            "orders": ORDERS_NS,
            "level2_batch": L2_NS,
            "heartbeat": HEARTBEAT_NS,
            "ticker_batch": BATCH_NS,
            "status": STATUS_NS,
        }
        self._periods = periods
        self._due = {name: now + period for name, period in periods.items()}

    def track(self, product_ids: Iterable[str]) -> None:
        """Name the products whose orders are to be told one by one, from the next step on."""
        self._tracked = frozenset(product_ids)
        self._begins = any(self._tapes[name].flow is None for name in self._tracked)
        for name, tape in self._tapes.items():
            if name not in self._tracked and tape.flow is not None:
                tape.flow = None
                tape.own.clear()

    def tells(self, product_id: str) -> bool:
        """Return whether the orders of a product are being told; KeyError if unknown."""
        return self._tapes[product_id].flow is not None

    def sequence(self, product_id: str) -> int:
        """Return the number of the last message about a product; KeyError if unknown."""
        return self._tapes[product_id].sequence

    def orders(self, product_id: str, side: Side) -> list[tuple[int, int, int]]:
        """Return (price, lots, id) of one side as of `sequence`; KeyError if unknown."""
        tape = self._tapes[product_id]
        if tape.flow is not None:
            return tape.flow.orders(side)
        return self._exchange.book(tape.product.listing.id).orders(side)

    def note(self, report: Report) -> Frame | None:
        """Take in what happened to an order of ours; returns what is told of it at once."""
        listing = self._exchange.listing(report.order.listing)
        tape = self._tapes[product_of(listing)]
        if tape.flow is not None:
            tape.own[report.order.id] = report.order
            self._stirred[tape.product.id] = tape
        order = report.order
        if report.execution is not Execution.NEW or not order.stop_price or order.working:
            return None
        payload = orjson.dumps(full.activate(listing, report.ts_ns, order))
        return _user_frame(report.ts_ns, order.account, tape, payload)

    def flush(self, batches: Iterable[Batch], wanted: Wanted) -> list[Frame]:
        """Publish what `Products.take` has taken in: the frames that are due, in order."""
        now = self._exchange.now_ns
        frames: list[Frame] = []
        for batch in batches:
            frames += self._take(batch, now, wanted)
        if self._begins:
            self._begin()
        for name, period_ns in self._periods.items():
            if now >= self._due[name]:
                self._due[name] += (1 + (now - self._due[name]) // period_ns) * period_ns
                frames += self._timed(name, now, wanted)
        return frames

    def snapshots(self, channel: str, product_ids: Sequence[str]) -> list[Frame]:
        """Return what a new subscriber is sent first."""
        now = self._exchange.now_ns
        if channel == "status":
            return [Frame(now, channel, "", self._status())]
        if channel == "level3":
            return [Frame(now, channel, "", full.level3_schema())]
        frames = []
        for name in product_ids:
            tape = self._tapes[name]
            payload = self._snapshot(channel, tape, now)
            if payload is not None:
                frames.append(Frame(now, channel, name, payload))
        return frames

    def _snapshot(self, channel: str, tape: _Tape, now: int) -> bytes | None:
        product = tape.product
        last = tape.last or (product.recent[-1] if product.recent else None)
        if channel in ("level2", "level2_batch"):
            bids, asks = (product.book.side(side).levels() for side in Side)
            return wire.l2_snapshot(product.listing, now, bids, asks)
        if last is None:
            return None
        sequence = tape.last_sequence or tape.sequence
        if channel == "matches":
            fields = full.full_fields(product.listing, sequence, now, _match(last))
            return orjson.dumps(fields | {"type": "last_match"})
        if channel in ("ticker", "ticker_batch"):
            return self._ticker(channel, tape, last, sequence)
        return None

    def _take(self, batch: Batch, now: int, wanted: Wanted) -> list[Frame]:
        name = batch.product.id
        tape = self._tapes[name]
        frames: list[Frame] = []
        changes = {
            (event.side, event.price): event.lots
            for event in batch.events
            if isinstance(event, LevelChange)
        }
        if changes and ("level2", name) in wanted:
            frames.append(Frame(now, "level2", name, _levels(tape, now, changes)))
        if changes and ("level2_batch", name) in wanted:
            tape.levels |= changes
            tape.changed_ns = batch.events[-1].ts_ns
            self._batch[name] = tape
        if tape.flow is not None:
            tape.prints += batch.prints
            self._stirred[name] = tape
            return frames
        late, tape.prints = tape.prints, []  # of a flow that has just ended
        for event in (*late, *batch.events):
            tape.sequence += 1
            if isinstance(event, Print):
                frames += self._matched(tape, event, wanted)
        return frames + self._tick(tape, wanted)

    def _matched(self, tape: _Tape, printed: Print, wanted: Wanted) -> list[Frame]:
        """Tell a trade to those who read no orders, under the present number."""
        tape.last, tape.last_sequence, tape.ticked = printed, tape.sequence, True
        name = tape.product.id
        if ("matches", name) not in wanted:
            return []
        fields = full.full_fields(
            tape.product.listing, tape.sequence, printed.ts_ns, _match(printed)
        )
        return [Frame(printed.ts_ns, "matches", name, orjson.dumps(fields))]

    def _tick(self, tape: _Tape, wanted: Wanted) -> list[Frame]:
        """Tell the touch after the trades of a step."""
        if not tape.ticked or tape.last is None:
            return []
        tape.ticked = False
        name = tape.product.id
        self._tickers[name] = tape
        if ("ticker", name) not in wanted:
            return []
        payload = self._ticker("ticker", tape, tape.last, tape.last_sequence)
        return [Frame(tape.last.ts_ns, "ticker", name, payload)]

    def _ticker(self, kind: str, tape: _Tape, last: Print, sequence: int) -> bytes:
        product = tape.product
        return wire.ticker(product.listing, kind, sequence, product.stats, product.touch, last)

    def _timed(self, name: str, now: int, wanted: Wanted) -> list[Frame]:
        match name:
            case "orders":
                return self._steps(now, wanted)
            case "level2_batch":
                return self._flush_levels(wanted)
            case "heartbeat":
                return self._heartbeats(now, wanted)
            case "ticker_batch":
                tickers, self._tickers = self._tickers, {}
                return [
                    Frame(now, name, product, self._ticker(name, t, t.last, t.last_sequence))
                    for product, t in tickers.items()
                    if (name, product) in wanted and t.last is not None
                ]
        return [Frame(now, name, "", self._status())] if (name, "") in wanted else []

    def _flush_levels(self, wanted: Wanted) -> list[Frame]:
        waiting, self._batch = self._batch, {}
        frames = []
        for name, tape in waiting.items():
            levels, tape.levels = tape.levels, {}
            if ("level2_batch", name) in wanted:
                payload = _levels(tape, tape.changed_ns, levels)
                frames.append(Frame(tape.changed_ns, "level2_batch", name, payload))
        return frames

    def _heartbeats(self, now: int, wanted: Wanted) -> list[Frame]:
        return [
            Frame(
                now,
                "heartbeat",
                name,
                wire.heartbeat(name, now, tape.sequence, tape.product.last_trade_id),
            )
            for name, tape in self._tapes.items()
            if ("heartbeat", name) in wanted
        ]

    def _status(self) -> bytes:
        products = [
            wire.product_row(tape.product.listing, tape.product.state)
            for tape in self._tapes.values()
        ]
        return wire.status_message(products, self.currencies())

    def currencies(self) -> list[dict[str, object]]:
        """Return every asset as the venue describes it."""
        finest: dict[str, int] = {}
        for tape in self._tapes.values():
            listing = tape.product.listing
            for asset, decimals in (
                (listing.base, listing.size_decimals),
                (listing.quote, listing.price_decimals),
            ):
                finest[asset] = max(finest.get(asset, 0), decimals)
        return [wire.currency_row(asset, decimals) for asset, decimals in finest.items()]

    def _begin(self) -> None:
        """Hold the orders as they are now: what has happened so far is counted already."""
        self._begins = False
        tapes = [self._tapes[name] for name in self._tracked]
        fresh = {tape.product.listing.id: tape for tape in tapes if tape.flow is None}
        for listing, resting in self._exchange.resting(fresh).items():
            fresh[listing].flow = OrderFlow(resting)

    def _steps(self, now: int, wanted: Wanted) -> list[Frame]:
        """Tell the orders of the products that have news."""
        stirred, self._stirred = self._stirred, {}
        if not stirred:
            return []
        self._due["orders"] += self._exchange.engine.open_count * ORDERS_NS_EACH
        names = [tape.product.listing.id for tape in stirred.values()]
        resting = self._exchange.resting(names)
        return [
            frame
            for tape, name in zip(stirred.values(), names, strict=True)
            for frame in self._step(tape, resting[name], now, wanted)
        ]

    def _step(self, tape: _Tape, resting: RestingOrders, now: int, wanted: Wanted) -> list[Frame]:
        """Tell the orders of one product."""
        if tape.flow is None:
            return []
        prints, tape.prints = tape.prints, []
        own, tape.own = tape.own, {}
        trades = iter(prints)
        frames: list[Frame] = []
        for message in tape.flow.step(prints, resting, own):
            tape.sequence += 1
            frames += self._tell(tape, now, message, own, wanted)
            if isinstance(message, full.Match):
                frames += self._matched(tape, next(trades), wanted)
        return frames + self._tick(tape, wanted)

    def _tell(
        self,
        tape: _Tape,
        now: int,
        message: full.Message,
        own: dict[int, Order],
        wanted: Wanted,
    ) -> list[Frame]:
        """Spell one order message for the channels that have readers."""
        name, listing, number = tape.product.id, tape.product.listing, tape.sequence
        frames = []
        mine = own.get(message.order)
        if ("full", name) in wanted:
            fields = full.full_fields(listing, number, now, message, mine)
            frames.append(Frame(now, "full", name, orjson.dumps(fields)))
        if ("level3", name) in wanted:
            row = full.level3_row(listing, number, now, message)
            frames.append(Frame(now, "level3", name, orjson.dumps(row)))
        return frames + self._tell_owners(tape, now, message, own)

    def _tell_owners(
        self, tape: _Tape, now: int, message: full.Message, own: dict[int, Order]
    ) -> list[Frame]:
        ids = [message.order, *([message.taker] if isinstance(message, full.Match) else [])]
        owners = {own[order].account: order for order in ids if order in own}
        if not owners:
            return []
        mine = own.get(message.order)
        fields = full.full_fields(tape.product.listing, tape.sequence, now, message, mine)
        frames = []
        for account, order in sorted(owners.items()):
            more = full.user_fields(account)
            if isinstance(message, full.Match):
                is_maker = order == message.order
                rates = self._exchange.fee_rates(tape.product.listing.id)
                more |= full.party_fields(account, is_maker, rates[0 if is_maker else 1])
            payload = orjson.dumps(fields | more)
            frames.append(_user_frame(now, account, tape, payload))
        return frames


def user_channel(account: int) -> str:
    """Return the name under which frames of `user` go to one account."""
    return f"user {account}"


def _user_frame(now: int, account: int, tape: _Tape, payload: bytes) -> Frame:
    return Frame(now, user_channel(account), tape.product.id, payload)


def _levels(tape: _Tape, ts_ns: int, levels: dict[tuple[Side, int], int]) -> bytes:
    rows = [(side, price, lots) for (side, price), lots in levels.items()]
    return wire.l2_update(tape.product.listing, ts_ns, rows)


def _match(printed: Print) -> full.Match:
    return full.Match(
        printed.maker_order_id,
        Side.ASK if printed.taker_buys else Side.BID,
        printed.price,
        printed.lots,
        printed.taker_order_id,
        printed.trade_id,
        printed.ts_ns,
    )
