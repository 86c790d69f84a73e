"""The trading of a run: strategies, accounts at both venues, the doors between, and the bounds."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from arb.desk import TradingConfig
from arb.live import LiveConfig
from arb.risk.limits import RiskLimits
from arb.strategy.spec import StrategySpec
from connectors.binance.orders_sign import HmacSigner
from connectors.coinbase.orders_sign import JwtSigner
from connectors.transport.orders import DoorSetting, OrderDoor
from connectors.transport.orders_binance import BinanceOrderDoor
from connectors.transport.orders_coinbase import CoinbaseOrderDoor, OrderSessionOpener
from market.amount import amount_of
from market.fees import FeeSchedule
from sim.market.listing import BINANCE, COINBASE
from sim.market.scenario import ACTIVE_FEES
from sim.market.world import World
from sim.server.demo import demo_keys, demo_private_pem

from .binance import VirtualBinance
from .binance_account import BinanceAccount
from .coinbase import VirtualCoinbase
from .coinbase_account import CoinbaseAccount
from .door import VirtualDoors
from .trade_checks import Bounds
from .venue import VirtualVenue

_S = 1_000_000_000
#: In the path of an address that is for orders only.
PRIVATE = "/orders/"

BOUNDS = {"BTC": "0.2", "ETH": "3"}
LIMITS = RiskLimits(
    notional_max=8_000,
    position_max=200_000,
    aggregate_max=800_000,
    exposure_max=20_000,
    open_orders_max=40,
    volume_permille=0,
    loss_max=0,
    drawdown_max=0,
)
STRATEGIES = (
    StrategySpec(
        "xemm",
        ("BTC-USDT.BINANCE", "BTC-USD.COINBASE"),
        (("size", "0.05"), ("bound", BOUNDS["BTC"]), ("margin_bps", "-3")),
    ),
    StrategySpec(
        "arbitrage",
        ("ETH-USDT.BINANCE", "ETH-USD.COINBASE"),
        (("size", "0.5"), ("bound", BOUNDS["ETH"]), ("margin_bps", "-2")),
    ),
)
CONFIG = TradingConfig(STRATEGIES, "USDT", LIMITS, live=LiveConfig(reconcile_ns=10 * _S))


def fees() -> FeeSchedule:
    """Return what both venues charge."""
    schedule = FeeSchedule()
    for venue, name in ((BINANCE, "binance"), (COINBASE, "coinbase")):
        schedule = schedule.with_venue(name, ACTIVE_FEES[venue])
    return schedule


def bounds() -> Bounds:
    """Return what may be open of each base currency, and the limits of risk."""
    return Bounds({base: amount_of(text) for base, text in BOUNDS.items()}, LIMITS)


def open_accounts(
    world: World, venues: Mapping[str, VirtualVenue], changed: Callable[[], None]
) -> dict[str, BinanceAccount | CoinbaseAccount]:
    """Open the demo account at each venue; `changed` is called after every request."""
    keys = {key.venue: key for key in reversed(demo_keys())}
    binance = cast(VirtualBinance, venues["binance"])
    coinbase = cast(VirtualCoinbase, venues["coinbase"])
    exchanges = {name: world.exchange(name) for name in (BINANCE, COINBASE)}
    accounts: dict[str, BinanceAccount | CoinbaseAccount] = {
        "binance": BinanceAccount(
            exchanges[BINANCE], binance.feed, keys[BINANCE], lambda: binance.wall_ns, changed
        ),
        "coinbase": CoinbaseAccount(
            exchanges[COINBASE],
            coinbase.feed,
            keys[COINBASE],
            coinbase.edge.loop,
            lambda: coinbase.wall_ns,
            changed,
        ),
    }
    binance.account, coinbase.account = accounts["binance"], accounts["coinbase"]
    return accounts


def make_doors(open_session: VirtualDoors) -> Callable[[DoorSetting], dict[str, OrderDoor]]:
    """Return what makes the doors of a process: the daemon's own, on virtual lines."""
    return partial(_doors, cast(OrderSessionOpener, open_session))


def _doors(open_session: OrderSessionOpener, setting: DoorSetting) -> dict[str, OrderDoor]:
    keys: dict[str, Any] = {key.venue: key for key in reversed(demo_keys())}
    signer = HmacSigner(keys[BINANCE].key, keys[BINANCE].secret)
    return {
        "binance": BinanceOrderDoor(
            venue="binance",
            url=f"ws://127.0.0.1{PRIVATE}binance",
            signer=signer,
            setting=setting,
        ),
        "coinbase": CoinbaseOrderDoor(
            venue="coinbase",
            rest=f"http://127.0.0.1{PRIVATE}coinbase",
            ws=f"ws://127.0.0.1{PRIVATE}coinbase",
            signer=JwtSigner(keys[COINBASE].key, demo_private_pem()),
            setting=setting,
            open_session=open_session,
        ),
    }
