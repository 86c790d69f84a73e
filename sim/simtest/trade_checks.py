"""Whether what we hold is what the venues say, within the bounds that were set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from arb.live import LiveWorld
from arb.orders.order import Purpose
from arb.portfolio.units import Units
from arb.risk.limits import RiskLimits
from arb.risk.reason import Cause, RiskState
from market.amount import AMOUNT_DECIMALS, amount_of, text_of
from market.effects import Effect, EffectKind
from market.order import Side
from node import Node
from sim.exchange.exchange import Exchange
from sim.exchange.order import Report

#: What may still go while everything is halted: it makes exposures smaller.
_ALLOWED = (Purpose.HEDGE, Purpose.FLATTEN)


class Account(Protocol):
    """What is looked at of a venue's account."""

    @property
    def exchange(self) -> Exchange:
        """The venue's market core."""

    @property
    def number(self) -> int:
        """Its number there."""

    @property
    def refusals(self) -> Mapping[str, int]:
        """What was refused that should not have been asked, in words."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a run may not exceed: amounts of a base currency that are open, and the limits."""

    exposure: Mapping[str, int]
    limits: RiskLimits


class TradeChecker:
    """Looks at the trading world after every input; `report` is told (rule, text) of what it finds.

    Its own ledger is made of the fills that the node told, its exposures of what the venues'
    matching engines filled, whether we heard of it or not.
    """

    def __init__(
        self, accounts: Mapping[str, Account], bounds: Bounds, report: Callable[[str, str], None]
    ) -> None:
        self.fills = 0
        self.halts = 0
        self.open_most: dict[str, int] = dict.fromkeys(bounds.exposure, 0)
        self._accounts = accounts
        self._bounds = bounds
        self._report = report
        #: What we must hold by what we were told, and what was told of each order: (lots, fee).
        self._ours: dict[tuple[str, str], int] = {}
        self._told: dict[int, list[int]] = {}
        #: Base amounts that the venues filled, buys less sells, and whether they changed.
        self._open: dict[str, int] = dict.fromkeys(bounds.exposure, 0)
        self._refused = 0
        self._halted = False
        for account in accounts.values():
            account.exchange.watch(account.number, self._on_report)

    def _on_report(self, report: Report) -> None:
        """A venue did something with an order of ours; what is open must be within its bound."""
        fill, order = report.fill, report.order
        if fill is None:
            return
        base, _, rest = order.listing.partition("-")
        if base not in self._open:
            return
        venue = rest.rpartition(".")[2].lower()
        listing = self._accounts[venue].exchange.listing(order.listing)
        lot: int = 10 ** (AMOUNT_DECIMALS - listing.size_decimals)
        self._open[base] += (1 if order.side == 0 else -1) * fill.lots * lot
        found = abs(self._open[base])
        self.open_most[base] = max(self.open_most[base], found)
        if found > self._bounds.exposure[base]:
            bound = text_of(self._bounds.exposure[base])
            self._report("exposure", f"{text_of(self._open[base])} {base} open, bound {bound}")

    def after(self, node: Node, effects: list[Effect]) -> None:
        """An input was handled."""
        assert node.desk is not None
        live = node.desk.live
        assert live is not None
        for effect in effects:
            if effect.kind is EffectKind.TRADING:
                self._take(node, live, effect)
        for (venue, asset), told in self._ours.items():
            held = live.trader.portfolio.balances.get((venue, asset), 0)
            if held != told:
                text = f"{text_of(held)} {asset} held at {venue}, {text_of(told)} told"
                self._report("balance", text)
        if live.trader.violations:
            self._report("exposure", "a strategy's invariant was broken")
        self._look_for_refusals()

    def _take(self, node: Node, live: LiveWorld, effect: Effect) -> None:
        fields = effect.fields
        match effect.subject:
            case "fill":
                self._fill(node, live, fields)
            case "place":
                self._place(node, live, int(fields[0]))
            case "opening":
                self._ours[str(fields[0]), str(fields[1])] = amount_of(str(fields[2]))
            case "adjusted":
                self._report("balance", f"adjusted without anybody's word: {fields}")
            case "risk":
                self._risk(live, int(fields[0]), int(fields[1]), str(fields[2]))

    def _risk(self, live: LiveWorld, state: int, cause: int, detail: str) -> None:
        self._halted = live.trader.switch.state is RiskState.HALT
        self.halts += state == RiskState.HALT
        if cause == Cause.RECONCILIATION:
            self._report("balance", f"nothing explains a difference: {detail}")

    def _place(self, node: Node, live: LiveWorld, number: int) -> None:
        """An order was made: it is within what risk allows."""
        order = live.trader.store.open.get(number)
        if order is None:
            return
        name = node.instruments[order.slot].id
        if self._halted and order.purpose not in _ALLOWED:
            self._report("risk", f"{name}: {order.purpose.name} sent while halted")
        limits, store = self._bounds.limits, live.trader.store
        if limits.open_orders_max and len(store.open) > limits.open_orders_max:
            self._report("risk", f"{len(store.open)} orders are open")
        units = Units.of(node.instruments[order.slot])
        value = order.price * order.lots * units.notional
        # Quotes in dollars and their likes; a percent for what one is worth in the other.
        most = limits.notional_max * 101 * 10 ** (AMOUNT_DECIMALS - 2)
        if limits.notional_max and order.purpose not in _ALLOWED and value > most:
            self._report("risk", f"{name}: an order of {text_of(value)}")

    def _fill(self, node: Node, live: LiveWorld, fields: tuple[str | int, ...]) -> None:
        number, slot, side, price, lots, fee = (int(one) for one in fields[:6])
        instrument = node.instruments[slot]
        units = Units.of(instrument)
        sign = 1 if side == Side.BUY else -1
        self.fills += 1
        for asset, change in (
            (instrument.base, sign * lots * units.lot),
            (instrument.quote, -sign * price * lots * units.notional - fee),
        ):
            key = (instrument.venue, asset)
            self._ours[key] = self._ours.get(key, 0) + change
        self._check_order(instrument.venue, live.ids.of(number), number, lots)

    def _check_order(self, venue: str, client_id: str, number: int, lots: int) -> None:
        """No more was booked of an order than the venue filled."""
        account = self._accounts[venue]
        order = account.exchange.order_by_client_id(account.number, None, client_id)
        if order is None:
            self._report("balance", f"{client_id} was filled, and {venue} has no such order")
            return
        told = self._told.setdefault(number, [0])
        told[0] += lots
        if told[0] > order.filled:
            text = f"{client_id}: {told[0]} lots booked, {venue} filled {order.filled}"
            self._report("balance", text)

    def _look_for_refusals(self) -> None:
        """Nothing that we send breaks a rule of the venue that we could know."""
        refused = sum(sum(one.refusals.values()) for one in self._accounts.values())
        if refused != self._refused:
            self._refused = refused
            words = [text for one in self._accounts.values() for text in one.refusals]
            self._report("filter", f"a venue refused: {words[-1]}")

    # --- at the end ------------------------------------------------------------------------------

    def differences(self, node: Node) -> list[str]:
        """Return what we hold otherwise than the venues say, and what is still open."""
        assert node.desk is not None
        live = node.desk.live
        assert live is not None
        found = [f"order {number} is open" for number in live.trader.store.open]
        if not live.ready:
            found.append("an order channel is not ready")
        for venue, account in self._accounts.items():
            total = account.exchange.balances(account.number)
            for asset, balance in total.items():
                theirs = amount_of(_text(balance.free + balance.locked))
                ours = live.trader.portfolio.balances.get((venue, asset), 0)
                told = self._ours.get((venue, asset), 0)
                if not theirs == ours == told:
                    values = ", ".join(text_of(one) for one in (ours, told, theirs))
                    found.append(f"{asset} at {venue}: held, told, theirs: {values}")
            locked = [asset for asset, balance in total.items() if balance.locked]
            if locked:
                found.append(f"{', '.join(locked)} still locked at {venue}")
        return found


def _text(value: Decimal) -> str:
    return format(value, "f")
