"""A node that trades over the wire, and a small venue that answers what it sends.

The venue speaks Binance's WebSocket API, orders of one account only. Its market is what it is told:
`cross` fills what rests, an IOC order is filled whole at its limit.
"""

import json
from decimal import Decimal

from arb.desk import TradingConfig
from arb.live import LiveConfig
from arb.orders.order import Purpose
from arb.risk.desk import Ticket
from connectors.orders import Request
from market.effects import EffectKind
from market.fees import FeeSchedule
from market.inputs import STREAM, InputKind
from market.order import Side, Tif
from node import Node, NodeConfig
from tests.recorded_world import feed
from tests.trading_world import trading_config

SECOND = 1_000_000_000
MS = 1_000_000
PREFIX = "cqtest"
SYMBOL = "BTCUSDT"
#: Inputs of the generated feed after which every book is live.
INPUTS = 400
CONFIG = LiveConfig((("binance", "binance"),), reconcile_ns=10 * SECOND)


def live_node(specs=(), config=CONFIG, **limits) -> Node:
    """Return a node whose orders go to venues; limits are wide."""
    wide = {"volume_permille": 0} | limits
    paper = trading_config(specs, **wide)
    trading = TradingConfig(specs, "USDT", paper.limits, live=config)
    return Node(NodeConfig(discover=True, fees=FeeSchedule(), trading=trading))


def text(value):
    return f"{value:.8f}"


class FakeBinance:
    """The account at the venue, and what is on its way from there: (bytes, is lost when deaf)."""

    def __init__(self, now_ms, **balances):
        self.now_ms = now_ms
        self.balances = {name: Decimal(value) for name, value in balances.items()}
        self.orders = {}
        self.trades = []
        self.frames = []
        #: Requests seen, by tag, and those that get no answer and do nothing.
        self.asked = []
        self.lost = lambda request: False
        self.deaf = False
        self.refuse_stream = False

    def take(self, request: Request):
        """Carry a request out, and have the answer on its way."""
        self.asked.append(request)
        if self.lost(request):
            return
        params = dict(request.params)
        answer = {
            "order.place": self._place,
            "order.cancel": self._cancel,
            "order.status": self._status,
            "openOrders.status": self._open,
            "account.status": self._account,
            "myTrades": self._trades,
            "userDataStream.subscribe.signature": self._subscribe,
        }[request.method](params)
        error = isinstance(answer, int)
        result = {"code": answer, "msg": "no"} if error else answer
        self._tell(
            {
                "id": request.tag,
                "status": 400 if error else 200,
                "error" if error else "result": result,
            }
        )

    def cross(self, client_id, size):
        """Fill a resting order."""
        order = next(o for o in self.orders.values() if o["clientOrderId"] == client_id)
        self._fill(order, Decimal(size), maker=True)

    def rest(self, client_id, price="1.00", size="0.10000"):
        """Have an order rest that nobody told of."""
        return self._enter({"newClientOrderId": client_id, "side": "BUY", "quantity": size}, price)

    def _tell(self, frame):
        if not self.deaf:
            self.frames.append(json.dumps(frame).encode())

    def _subscribe(self, _params):
        return -1021 if self.refuse_stream else {"subscriptionId": 0}

    def _enter(self, params, price):
        number = len(self.orders) + 1
        order = {
            "symbol": SYMBOL, "orderId": number, "clientOrderId": params["newClientOrderId"],
            "transactTime": self.now_ms, "updateTime": self.now_ms, "price": price,
            "origQty": params["quantity"], "executedQty": "0", "status": "NEW",
            "side": params["side"],
        }  # fmt: skip
        self.orders[number] = order
        return order

    def _place(self, params):
        order = self._enter(params, params["price"])
        self._report(order, "NEW")
        fills = []
        if params.get("timeInForce") == "IOC":
            fills.append(self._fill(order, Decimal(params["quantity"]), maker=False))
        return {**order, "fills": fills}

    def _cancel(self, params):
        order = self._find(params)
        if order is None or order["status"] not in ("NEW", "PARTIALLY_FILLED"):
            return -2011
        order["status"] = "CANCELED"
        self._report(order, "CANCELED")
        return order

    def _find(self, params):
        for order in self.orders.values():
            if params.get("orderId", "") == str(order["orderId"]):
                return order
            if params.get("origClientOrderId", "") == order["clientOrderId"]:
                return order
        return None

    def _status(self, params):
        order = self._find(params)
        return -2013 if order is None else order

    def _open(self, _params):
        return [o for o in self.orders.values() if o["status"] in ("NEW", "PARTIALLY_FILLED")]

    def _account(self, _params):
        rows = [
            {"asset": asset, "free": text(amount), "locked": "0"}
            for asset, amount in self.balances.items()
        ]
        return {"balances": rows}

    def _trades(self, params):
        return [t for t in self.trades if str(t["orderId"]) == params["orderId"]]

    def _fill(self, order, size, *, maker):
        price = Decimal(order["price"])
        sign = 1 if order["side"] == "BUY" else -1
        fee = (price * size / 1000).quantize(Decimal("1e-8"))
        self.balances["BTC"] += sign * size
        self.balances["USDT"] -= sign * price * size + fee
        filled = Decimal(order["executedQty"]) + size
        order["executedQty"] = text(filled)
        order["status"] = "FILLED" if filled == Decimal(order["origQty"]) else "PARTIALLY_FILLED"
        trade = {
            "symbol": SYMBOL, "id": 100 + len(self.trades), "orderId": order["orderId"],
            "price": order["price"], "qty": text(size), "commission": text(fee),
            "commissionAsset": "USDT", "time": self.now_ms, "isMaker": maker,
        }  # fmt: skip
        self.trades.append(trade)
        self._report(order, "TRADE", trade)
        return {**trade, "tradeId": trade["id"]}

    def _report(self, order, what, trade=None):
        trade = trade or {}
        event = {
            "e": "executionReport", "s": SYMBOL, "c": order["clientOrderId"], "C": "", "x": what,
            "X": order["status"], "r": "NONE", "i": order["orderId"], "T": self.now_ms,
            "z": order["executedQty"], "l": trade.get("qty", "0"), "L": trade.get("price", "0"),
            "t": trade.get("id", -1), "n": trade.get("commission", "0"),
            "N": trade.get("commissionAsset"), "m": trade.get("isMaker", False),
        }  # fmt: skip
        self._tell({"subscriptionId": 0, "event": event})


class LiveRun:
    """A node and its venue, with every input and effect kept."""

    def __init__(self, node=None, **balances):
        self.node = node or live_node()
        self.inputs = []
        self.effects = []
        for one in feed(7, 3)[:INPUTS]:
            self.tell(*one)
        held = balances or {"BTC": "2", "USDT": "200000"}
        self.venue = FakeBinance(self.node.now // MS, **held)
        self.opens = 0

    @property
    def world(self):
        return self.node.desk.live

    @property
    def trader(self):
        return self.world.trader

    @property
    def channel(self):
        return self.world.channels["binance"]

    @property
    def check(self):
        return self.world.checks["binance"]

    def tell(self, ts, kind, source, data=b"", note="", number=0):
        """Hand the node an input; what it asks of the venue is done there."""
        self.inputs.append((ts, kind, source, data, note, number))
        effects = list(self.node.handle(ts, kind, source, data, note, number))
        self.effects += effects
        for effect in effects:
            if effect.kind is EffectKind.ORDER:
                self.venue.take(Request.of(effect.subject, effect.fields))

    def settle(self):
        """Bring over what the venue says until it says no more, a millisecond each."""
        while self.venue.frames:
            frame = self.venue.frames.pop(0)
            self.report(frame)

    def report(self, data, note=STREAM, number=200, source=None):
        source = source or f"binance.orders#{self.opens}"
        self.tell(self.node.now + MS, InputKind.REPORT, source, data, note, number)

    def begin(self):
        """Open the channel and go through its first check."""
        self.tell(self.node.now, InputKind.COMMAND, "user", PREFIX.encode(), "run")
        self.open()
        return self

    def open(self):
        self.opens += 1
        self.tell(self.node.now + MS, InputKind.OPEN, f"binance.orders#{self.opens}", note="ws://")
        self.settle()

    def close(self, why="lost"):
        source = f"binance.orders#{self.opens}"
        self.tell(self.node.now + MS, InputKind.CLOSE, source, note=why)

    def wait(self, ns):
        """Let time pass in steps, the venue answering after each."""
        end = self.node.now + ns
        while self.node.now < end:
            self.tell(min(end, self.node.now + SECOND // 4), InputKind.TIMER, "timer")
            self.settle()

    def send(self, side=Side.BUY, price=0, lots=1000, purpose=Purpose.HEDGE, tif=Tif.IOC):
        """Send an order of our own accord, as an input that nobody recorded would."""
        slot = self.node.slot_of("BTC-USDT.BINANCE")
        best = self.trader.market.books[slot].best(side is Side.SELL)
        price = price or best[0]
        self.node._effects = []
        order = self.trader.send(Ticket(slot, side, price, lots, purpose, "test", tif=tif))
        for effect in list(self.node._effects):
            self.effects.append(effect)
            if effect.kind is EffectKind.ORDER:
                self.venue.take(Request.of(effect.subject, effect.fields))
        return order

    def told(self, name):
        """Return the fields of what the world told under a name."""
        return [
            one.fields
            for one in self.effects
            if one.kind is EffectKind.TRADING and one.subject == name
        ]

    def asked(self, method):
        """Return the requests of a method that the venue has seen."""
        return [one for one in self.venue.asked if one.method == method]

    def requests(self):
        """Return every ORDER effect so far."""
        return [one for one in self.effects if one.kind is EffectKind.ORDER]
