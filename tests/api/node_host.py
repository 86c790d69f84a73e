"""A node that trades on paper as the API's host: no daemon, time moves when a test says so."""

import time
from contextlib import asynccontextmanager

import aiohttp
import orjson

from api.api import Api
from api.audit_log import AuditLog
from api.fills import FillLog
from api.gate import PublicGate
from api.limits import Rates
from api.port import Port
from api.timing import Timing
from api.tokens import Tokens
from arb import command
from cli import schedule_view, trading_view
from cli.returns import Returns
from market.effects import EffectKind
from market.histogram import Histogram
from market.inputs import InputKind
from tests.recorded_world import feed
from tests.trading_world import trading_node

from .fake_view import FakeView

INPUTS = 1_000
OWN = {"X-Crossquote": "1"}
BOOK = "BTC-USDT.BINANCE"


class NodeView(FakeView):
    """What trading says is the node's; the rest stays invented."""

    def __init__(self, node):
        super().__init__()
        self._node, self._desk = node, node.desk

    def positions(self):
        return trading_view.positions(self._desk)

    def risk(self):
        return trading_view.risk(self._desk, Returns())

    def pnl(self):
        return trading_view.pnl(self._desk)

    def schedules(self):
        return schedule_view.view(self._desk, self._node.now)

    def refusal(self, name, argument):
        return command.refusal(self._desk, name, argument)


class NodeHost:
    """Implements api.host.Host over a node that has traded for some seconds."""

    version = "test"
    sim_socket = ""

    def __init__(self, node=None):
        self.fills = FillLog()
        self.timing = Timing()
        self._rest = iter(feed(7, 3))
        self.node = node or trading_node()
        self.view = NodeView(self.node)
        self._done = []

    def go_on(self, inputs=1):
        """Hand so many inputs of the feed to the node."""
        for _, one in zip(range(inputs), self._rest, strict=False):
            self._hear(self.node.handle(*one))
        return self

    def put(self, kind, source, data=b"", note="", after_ns=0):
        done = list(self.node.handle(self.node.now + after_ns, kind, source, data, note))
        self._hear(done)
        return [one for one in done if one.kind is EffectKind.TRADING]

    def _hear(self, effects):
        for one in effects:
            if one.kind is EffectKind.TRADING:
                self.fills.take(one, self.node)

    def now_ns(self):
        return self.node.now

    def config(self):
        return {"settings": {}}

    def trading(self):
        return trading_view.summary(self.node.desk) if self.node.desk else None

    def stages(self):
        held = Histogram()
        held.observe(1_000)
        return {"binance": {"decode": held, "book": Histogram()}}

    def clocks(self):
        return {}

    def loop_lag_ns(self):
        return {"p50": 0}

    def act(self, name, argument):
        return self.put(InputKind.COMMAND, "user", argument.encode(), name)


@asynccontextmanager
async def served(host, folder, rate=100_000, **options):
    """Serve the API on a free port; yields the port."""
    audit = AuditLog(folder / "audit.jsonl", 1 << 20, 2, host.now_ns)
    api = Api(host, audit)
    gate = PublicGate(Tokens(folder / "tokens"), Rates(rate, time.monotonic), audit, **options)
    port = Port(api, gate, "127.0.0.1", 0)
    port.api = api
    await port.start()
    api.start()
    try:
        yield port
    finally:
        await port.stop()
        await api.stop()


async def ask(port, method, target, headers=None, **options):
    """Return the status and the JSON of one request."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, port.address + target, headers=headers, **options) as reply,
    ):
        assert reply.content_type == "application/json"
        return reply.status, orjson.loads(await reply.read())
