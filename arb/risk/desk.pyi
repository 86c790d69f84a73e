from collections.abc import Callable

from arb.orders.order import OwnOrder
from arb.orders.store import OrderStore
from arb.portfolio.portfolio import Portfolio
from arb.quoting.pace import Pace
from arb.risk.limits import RiskLimits
from arb.risk.line import Line
from arb.risk.reason import RiskReason
from arb.risk.switch import RiskSwitch
from arb.risk.ticket import Ticket as Ticket
from market.fees import Fees
from market.instrument import Instrument

HELD_MAX: int
#: (slot, now): bid, its lots, ask, its lots, or None when the quote may not be used.
TouchOf = Callable[[int, int], tuple[int, int, int, int] | None]
RateOf = Callable[[str], int]

class RiskDesk:
    @property
    def limits(self) -> RiskLimits: ...
    @property
    def switch(self) -> RiskSwitch: ...
    @property
    def lines(self) -> dict[int, Line]: ...
    @property
    def refusals(self) -> dict[RiskReason, int]: ...
    #: What quotes of all strategies may still change, by venue.
    paces: dict[str, Pace]
    @property
    def held(self) -> dict[int, Ticket]: ...
    def __init__(
        self,
        limits: RiskLimits,
        switch: RiskSwitch,
        store: OrderStore,
        portfolio: Portfolio,
        touch_of: TouchOf,
        rate_of: RateOf,
    ) -> None: ...
    def watch(self, slot: int, instrument: Instrument, fees: Fees) -> bool: ...
    def check(self, ticket: Ticket, now: int, replacing: OwnOrder | None = None) -> RiskReason: ...
    def aggregate(self, now: int) -> int: ...
    def hold(self, ticket: Ticket) -> int | None: ...
