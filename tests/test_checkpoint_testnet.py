"""A node that trades through ccxt goes on from a checkpoint with its orders as they stood."""

import json

import pytest

import checkpoint
from arb.live import LiveConfig
from arb.orders.order import OrderState
from connectors.orders import ClientIds, Request
from connectors.testnet.client_ids import UuidClientIds
from market.effects import EffectKind
from market.inputs import STREAM, InputKind
from market.order import Side, Tif
from tests.live_world import MS, PREFIX, SECOND, LiveRun, live_node

CONFIG = LiveConfig((("binance", "testnet-binance"),), 10 * SECOND)
#: The recorded feed has no Coinbase Exchange: its gateway stands at the other venue here.
UUIDS = LiveConfig((("binance", "testnet-coinbase-exchange"),), 10 * SECOND)
SOURCE = "binance.orders#1"


class CcxtRun(LiveRun):
    """A node whose requests are kept until a test answers them, in ccxt's words."""

    def __init__(self, config):
        super().__init__(live_node((), config))
        self.requests_sent = []
        self.venue.take = self.requests_sent.append

    def begin(self):
        self.tell(self.node.now, InputKind.COMMAND, "user", PREFIX.encode(), "run")
        self.tell(self.node.now + MS, InputKind.OPEN, SOURCE, note="Binance Spot Testnet")
        self.answer("open", [])
        self.answer("balances", {"BTC": ["2", "0"], "USDT": ["200000", "0"]})
        assert self.channel.ready
        return self

    def answer(self, method, data):
        """Answer the one request of a method."""
        (found,) = [one for one in self.requests_sent if one.method == method]
        self.requests_sent.remove(found)
        line = json.dumps({"tag": found.tag, "status": 200, "data": data}).encode()
        self.report(line, found.tag, 200, "binance.orders")
        return found

    def frame(self, event, rows):
        line = json.dumps({"event": event, "native": "BTCUSDT", "data": rows}).encode()
        self.report(line, STREAM, 200, SOURCE)

    def rest(self):
        """Have an order rest, of which some is filled."""
        order = self.send(Side.BUY, price=1_000_000, lots=1000, tif=Tif.GTC)
        (sent,) = [one for one in self.requests_sent if one.method == "place"]
        client_id = dict(sent.params)["client_id"]
        self.row = {
            "id": "33", "clientOrderId": client_id, "timestamp": 1, "price": "10000",
            "amount": "0.01", "filled": "0", "status": "open", "trades": [], "info": {},
        }  # fmt: skip
        self.answer("place", self.row)
        self.frame("trades", [trade("56", "0.004")])
        assert order.filled == 400
        return order


def trade(number, amount):
    return {
        "id": number, "order": "33", "timestamp": 1, "price": "10000", "amount": amount,
        "takerOrMaker": "maker", "fee": {"cost": "0.04", "currency": "USDT"},
    }  # fmt: skip


@pytest.mark.parametrize("config", [CONFIG, UUIDS], ids=["binance", "uuids"])
def test_orders_and_their_fills_go_on(config):
    run = CcxtRun(config).begin()
    order = run.rest()
    run.frame("open", [])
    image = checkpoint.dump(run.node)
    again = checkpoint.load(image)
    assert checkpoint.dump(again) == image
    inputs = [
        ("trades", [trade("56", "0.004"), trade("57", "0.001")]),
        ("open", [run.row | {"filled": "0.007"}]),
        ("open", []),
    ]
    for event, rows in inputs:
        line = json.dumps({"event": event, "native": "BTCUSDT", "data": rows}).encode()
        item = (run.node.now + MS, InputKind.REPORT, SOURCE, line, STREAM, 200)
        effects = list(run.node.handle(*item))
        assert again.handle(*item) == effects
        assert int(again.digest) == int(run.node.digest)
    assert order.filled == 500
    (found,) = again.desk.live.trader.store.open.values()
    assert (found.id, found.filled, found.state) == (order.id, 500, OrderState.LIVE)


def test_a_restored_node_asks_about_what_it_does_not_know():
    """After a restart the process is another one: nothing that was asked of the old one counts."""
    run = CcxtRun(CONFIG).begin()
    run.rest()
    run.frame("open", [])
    again = checkpoint.load(checkpoint.dump(run.node))
    asked = []
    for kind, source, note in (
        (InputKind.CLOSE, SOURCE, "restarted"),
        (InputKind.OPEN, "binance.orders#2", ""),
    ):
        effects = list(again.handle(again.now + MS, kind, source, b"", note))
        orders = [one for one in effects if one.kind is EffectKind.ORDER]
        asked += [Request.of(one.subject, one.fields) for one in orders]
    assert {one.method for one in asked} >= {"open", "balances"}
    line = json.dumps({"event": "open", "native": "BTCUSDT", "data": []}).encode()
    effects = again.handle(again.now + MS, InputKind.REPORT, "binance.orders#2", line, STREAM, 200)
    assert [one.subject for one in effects if one.kind is EffectKind.ORDER] == ["query1"]


def test_ids_of_the_run_are_sent_in_the_form_of_the_venue():
    run = CcxtRun(UUIDS).begin()
    run.rest()
    assert run.row["clientOrderId"] == UuidClientIds(ClientIds(PREFIX)).of(1)
