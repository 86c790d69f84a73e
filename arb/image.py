"""What of trading belongs into a checkpoint: its classes, and what construction brings anew.

`parts` are the objects that a desk makes for itself; others hold them, so they are filled where
they stand. Their callbacks, closures among them, are wired by construction and not written. All
the rest is written attribute by attribute (`OBJECTS`) or made anew from its fields (`RECORDS`).
"""

from collections.abc import Iterator
from dataclasses import fields
from enum import IntEnum
from operator import attrgetter
from typing import Any

from arb.desk import TradingConfig, TradingDesk
from arb.flatten import Flattener
from arb.hedging.config import HedgeConfig
from arb.hedging.hedger import Hedger, HedgeState
from arb.live import LiveConfig, LiveWorld
from arb.live_channel import Channel, ChannelState
from arb.live_local import LocalLiveWorld
from arb.orders.order import End, OrderState, OwnOrder, Purpose
from arb.orders.store import OrderStore, Patience, Totals
from arb.paper import venue as paper
from arb.paper.latency import Latency
from arb.paper.line import PaperLine
from arb.paper.requests import Requests
from arb.paper.turnover import Turnover
from arb.paper.venue import PaperVenue
from arb.portfolio.markout import Markout, Markouts, Waiting
from arb.portfolio.portfolio import Holding, Portfolio
from arb.portfolio.position import Position
from arb.portfolio.units import Units
from arb.quoting.care import Care
from arb.quoting.manager import Manager
from arb.quoting.model import Parameters
from arb.quoting.pace import Pace
from arb.quoting.vpin import Vpin
from arb.reconcile import Reconciler
from arb.risk.breakers import Breakers
from arb.risk.desk import RiskDesk, Ticket
from arb.risk.limits import RiskLimits
from arb.risk.line import Line
from arb.risk.reason import Cause, RiskReason, RiskState
from arb.risk.switch import RiskSwitch
from arb.schedule import curve
from arb.schedule.config import AtEnd, ScheduleConfig, Style
from arb.schedule.schedule import Schedule, Stage
from arb.strategy import arbitrage
from arb.strategy.arbitrage import Arbitrage, ArbitrageConfig
from arb.strategy.single import SingleMaker
from arb.strategy.single_config import SingleConfig
from arb.strategy.spec import StrategySpec
from arb.strategy.triangle import Triangle
from arb.strategy.triangular import Triangular, TriangularConfig
from arb.strategy.xemm import Xemm, XemmConfig
from arb.trader import Market, Trader
from arb.world import PaperConfig
from connectors.binance import orders as binance
from connectors.binance.orders import BinanceOrders
from connectors.coinbase import orders as coinbase
from connectors.coinbase.orders import CoinbaseOrders
from connectors.coinbase.orders_decode import Fill, Progress
from connectors.orders import Balance, ClientIds, OpenOrder
from connectors.testnet import gateway as testnet
from connectors.testnet.client_ids import UuidClientIds
from connectors.testnet.gateway import CcxtOrders
from engine.code import QueueModel
from market.fees import FeeLadder, FeeTier
from market.order import OrderEvent, OrderEventKind, Side, Tif, Type

RECORDS = (
    *(TradingConfig, StrategySpec, RiskLimits, PaperConfig, Patience, Units, Ticket),
    *(HedgeConfig, XemmConfig, ArbitrageConfig, SingleConfig, Parameters, Care),
    *(TriangularConfig, Triangle, ScheduleConfig, curve.Window, curve.Even, curve.Profiled),
    *(FeeLadder, FeeTier),
    LiveConfig,
)
OBJECTS = (
    *(Totals, Position, Holding, Markouts, Markout, Waiting, Line),
    *(Xemm, Arbitrage, SingleMaker, Hedger, Manager, Vpin, arbitrage._Leg),
    *(Triangular, Schedule, curve.Seen, curve.Participation),
    *(Latency, PaperLine, Requests, Turnover, Pace, paper._Resting),
    *(ClientIds, binance._Waiting, coinbase._Query, coinbase._Fills),
    *(UuidClientIds, testnet._Known),
)
ROWS = (
    *(OrderEvent, paper._Report, paper._Change, paper._Cancel, paper._Query),
    *(Balance, OpenOrder, Progress, Fill, binance._Query),
)
ENUMS = (
    *(Side, Type, Tif, OrderEventKind, OrderState, Purpose, End, QueueModel),
    *(RiskReason, RiskState, Cause, HedgeState, Style, AtEnd, Stage, ChannelState),
)
#: Classes whose own name another one has as well.
ALIASES: dict[type, str] = {
    Side: "OrderSide",
    curve.Participation: "ScheduleShare",
    binance._Query: "BinanceQuery",
    coinbase._Query: "CoinbaseQuery",
    coinbase._Fills: "CoinbaseFills",
}
#: An order's fields in a row, and those that are kinds of something.
_ORDER = tuple(field.name for field in fields(OwnOrder))
_ORDER_VALUES = attrgetter(*_ORDER)
_TRADES = _ORDER.index("trades")
#: Places of a row that hold text.
ORDER_TEXTS = tuple(map(_ORDER.index, ("strategy", "venue_id", "reason")))
_ORDER_ENUMS: dict[str, type[IntEnum]] = {
    "side": Side,
    "type": Type,
    "tif": Tif,
    "purpose": Purpose,
    "state": OrderState,
    "end": End,
}
PARTS = (
    *(TradingDesk, Trader, OrderStore, Portfolio, RiskSwitch, Breakers, RiskDesk, PaperVenue),
    *(Flattener, Market, LiveWorld, Channel, BinanceOrders, CoinbaseOrders, Reconciler),
    *(LocalLiveWorld, CcxtOrders),
)
_LIVE = frozenset(
    {*("name", "busy", "trader", "flattener", "channels", "checks"), "_all", "_market"}
)
LEFT_OUT: dict[type, frozenset[str]] = {
    # What the node holds, what the configuration says, and what is derived from both.
    TradingDesk: frozenset({"config", "worlds", "live", "_market", "_all"}),
    Trader: frozenset({"market", "rates", "witness"}),
    LiveWorld: _LIVE,
    LocalLiveWorld: _LIVE | {"paper", "_local", "_balances"},
    Channel: frozenset({"gateway"}),
    # What could not be read is counted for people, and decides nothing.
    BinanceOrders: frozenset({"counts", "_listings", "_outlet", "_answers"}),
    CoinbaseOrders: frozenset({"counts", "_listings", "_outlet", "_answers"}),
    CcxtOrders: frozenset({"counts", "pace", "_listings", "_outlet", "_answers"}),
    Reconciler: frozenset({"_trader", "_gateway", "_set_timer", "_on_round"}),
    PaperVenue: frozenset({"_books", "_fees"}),
    Market: frozenset({"books", "instruments", "fees", "memo", "sight"}),
}


def order_row(order: OwnOrder) -> list[Any]:
    """Return an order as plain values: there are thousands, so they are not written by name."""
    row = list(_ORDER_VALUES(order))
    row[_TRADES] = list(order.trades)
    return row


def order_of(row: list[Any]) -> OwnOrder:
    """Return the order of a row; ValueError and TypeError for what is none."""
    values = dict(zip(_ORDER, row, strict=True))
    for name, kind in _ORDER_ENUMS.items():
        values[name] = kind(values[name])
    values["trades"] = dict.fromkeys(values["trades"])
    return OwnOrder(**values)


def parts(desk: TradingDesk) -> Iterator[Any]:
    """Yield the parts of a desk, in a fixed order."""
    yield from (desk, desk._market)
    for world in desk.worlds.values():
        yield from world.parts()


def rewire(made: object) -> None:
    """Give an object that was filled what its class leaves out."""
    if type(made) is SingleMaker:
        made.wire()
