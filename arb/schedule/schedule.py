"""A parent order at work: children are sent for what is due, and never for more.

    WAITING ──start──► WORKING ──end or cancel──► ENDING ──children gone, rest crossed──► DONE

With `filled` what the venue confirmed, `open` what children not known to be over may still fill,
and `held` what waits for a person's approval, at every input

    filled + open + held <= size

so that no outcome of anything under way, however late we learn of it, exceeds the parent.

While it is paused or trading is halted no child is sent, at the end of the window neither; the
stages go on, and what is to be crossed at the end waits for the pause to be over. What goes by time
catches up afterwards; what takes a share of what trades passes over the volume of meanwhile.
"""

from collections import deque
from enum import IntEnum

from arb.band import beyond
from arb.orders.order import OwnOrder, Purpose
from arb.orders.store import Fill
from arb.risk.desk import Ticket
from arb.risk.line import Line
from arb.risk.reason import RiskReason, RiskState
from arb.schedule.config import AtEnd, ScheduleConfig, Style
from arb.schedule.curve import PPM, Curve, Window
from arb.schedule.least import least_lots
from arb.schedule.make import curve, pieced
from arb.trader import Trader
from market.amount import AMOUNT_DECIMALS
from market.order import Side, Tif

_ONE = 10**AMOUNT_DECIMALS


class Stage(IntEnum):
    """Where a schedule stands."""

    WAITING = 0
    WORKING = 1
    ENDING = 2
    DONE = 3


class Schedule:
    """Works one parent; its window begins and ends that long after the first input it hears."""

    def __init__(self, config: ScheduleConfig, window: Window, trader: Trader) -> None:
        self.config = pieced(config, window)
        self.name = config.name
        self.slots = (config.slot,)
        self.stage = Stage.WAITING
        self.filled = 0
        self.traded = 0
        self.refused = 0
        self.crossed = 0
        #: What our fills cost or brought, and what all public trades did, in quote amounts.
        self.paid = 0
        self.turnover = 0
        #: The mid price when the work began, as an amount of quote for one base; 0 before that.
        self.arrival = 0
        #: When what is due is looked at again, 0 where that is not known.
        self.next_ns = 0
        #: What somebody asked for.
        self.paused_by_user = self.cancelled = False
        #: In node time once there is a curve, before that counted from the first input.
        self.window = window
        self.curve: Curve | None = None
        self._trader = trader
        self._past: deque[int] = deque(maxlen=config.patience + 1)
        self._halted = False
        self._crossing = False
        self._cross_ns = 0
        self._shares = (config.kind or config.name) == "pov"

    # --- what is told ----------------------------------------------------------------------------

    def on_quote(self, slot: int, now: int) -> None:  # noqa: ARG002
        """The first quote starts the clock; passive children follow the touch."""
        if self.curve is None:
            self._begin(now)
        if not self.arrival:
            self._arrive()
        if self.stage is Stage.WORKING and self.config.style is Style.PASSIVE:
            self._follow(now)

    def on_trade(self, slot: int, price: int, lots: int, now: int, *, buyer: bool) -> None:  # noqa: ARG002
        """Public volume, which curves and participation go by; our own part is not taken out."""
        if self.paused and self._shares:
            return
        units = self._line.units
        amount = lots * units.lot
        (self.curve or self._begin(now)).hear(amount, now)
        if self.window.start <= now < self.window.end and not self.over:
            self.traded += amount
            self.turnover += price * lots * units.notional

    def on_fill(self, fill: Fill, now: int) -> None:  # noqa: ARG002
        """A child was filled; what closes the position again, on the other side, is none."""
        if fill.order.side is self.config.side:
            units = self._line.units
            self.filled += fill.lots * units.lot
            self.paid += fill.price * fill.lots * units.notional

    def on_end(self, order: OwnOrder, now: int) -> None:
        """A child is over; one that we cancelled made room for another."""
        if self.stage is Stage.ENDING:
            self._wind_up(now)
        elif self.stage is Stage.WORKING and order.cancel_wanted:
            self._work(now)

    def on_timer(self, subject: int, now: int) -> None:  # noqa: ARG002
        """The window begins, the next step is due, or the rest may be crossed again."""
        if self.stage is Stage.ENDING:
            self._wind_up(now)
        elif self.stage is not Stage.DONE and now >= self.window.end:
            self._end(now, crossing=self.config.at_end is AtEnd.CROSS)
        elif self.stage is not Stage.DONE and now >= self.window.start:
            self.stage = Stage.WORKING
            self._arrive()
            self._past.append(self._due(now))
            self._work(now)
            self._look_at(min(now + self.config.step_ns, self.window.end))

    def on_state(self, state: RiskState, now: int) -> None:
        """A halt pauses, and has cancelled all."""
        self._halted = state is RiskState.HALT
        if self.stage is Stage.ENDING and not self._halted:
            self._wind_up(now)

    def rescale(self, slot: int, price: int, size: int) -> None:
        """The instrument's grids became finer: nothing is kept in ticks or lots."""

    def violation(self) -> str:
        """Return by how much the parent is exceeded, '' while it is not."""
        worst = self.committed
        return "" if worst <= self.config.size else f"{worst} of a parent of {self.config.size}"

    # --- what a user may ask for -----------------------------------------------------------------

    @property
    def paused(self) -> bool:
        """Whether no children are sent for now, because somebody asked for that or in a halt."""
        return self.paused_by_user or self._halted

    @property
    def over(self) -> bool:
        """Whether nothing will be sent any more."""
        return self.stage is Stage.DONE or self.filled >= self.config.size

    def pause(self) -> None:
        """Cancel the children and send none; the stages go on."""
        self.paused_by_user = True
        self._pull()

    def resume(self, now: int) -> None:
        """Send children again from the next step on; cross what the end found undone."""
        self.paused_by_user = False
        if self.stage is Stage.ENDING:
            self._wind_up(now)

    def cancel(self, now: int) -> None:
        """End the parent now, the crossing at its end too; what is not done stays undone."""
        if self.stage is not Stage.DONE:
            self.cancelled = True
            self._end(now, crossing=False)

    # --- what is done, and what may still be -----------------------------------------------------

    @property
    def committed(self) -> int:
        """What is filled, may still be filled, or waits for approval, in base amounts."""
        lots = sum(order.open_lots for order in self._children())
        lots += sum(ticket.lots for _, ticket in self._held())
        return self.filled + lots * self._line.units.lot

    @property
    def unit(self) -> int:
        """The step of an order's size in base amounts."""
        return self._line.lot * self._line.units.lot

    @property
    def _line(self) -> Line:
        return self._trader.risk.lines[self.config.slot]

    def _children(self) -> list[OwnOrder]:
        """Return what it sent itself; what flattens its position is not its to cancel."""
        orders = self._trader.store.by_slot.get(self.config.slot, {}).values()
        return [
            order
            for order in orders
            if order.strategy == self.name and order.purpose is Purpose.SCHEDULE
        ]

    def _held(self) -> list[tuple[int, Ticket]]:
        held = self._trader.risk.held.items()
        return [(number, ticket) for number, ticket in held if ticket.strategy == self.name]

    def _due(self, now: int) -> int:
        return (self.curve or self._begin(now)).due(self.config.size, now)

    # --- time ------------------------------------------------------------------------------------

    def _begin(self, now: int) -> Curve:
        """The clock starts: the window stands in node time from here on."""
        self.window = Window(now + self.window.start, now + self.window.end)
        self.curve = curve(self.config, self.window)
        self._look_at(self.window.start)
        return self.curve

    def _look_at(self, deadline: int) -> None:
        self.next_ns = deadline
        self._trader.set_timer(deadline, self.name, 0)

    def _arrive(self) -> None:
        """Keep the first mid price that the work finds, to judge by what it got."""
        if self.stage is Stage.WORKING and not self.arrival:
            units = self._line.units
            mid2 = self._trader.mid2(self.config.slot)
            self.arrival = mid2 * units.notional * _ONE // units.lot // 2

    def _end(self, now: int, *, crossing: bool) -> None:
        self.stage = Stage.ENDING
        self._crossing = crossing
        self._pull()
        self._wind_up(now)

    def _wind_up(self, now: int) -> None:
        """Wait for the children, then cross what is left a bounded number of times."""
        if self._children():
            return
        config = self.config
        if not self._crossing or self.filled >= config.size or self.crossed >= config.crosses:
            self.stage = Stage.DONE
        elif now >= self._cross_ns and not self.paused:
            self.crossed += 1
            self._cross_ns = now + config.step_ns
            self._look_at(self._cross_ns)
            self._send(config.size, now, taking=True)

    def _pull(self) -> None:
        """Take back everything that could still be filled."""
        for number, _ in self._held():
            del self._trader.risk.held[number]
        for order in self._children():
            if not order.cancel_wanted:
                self._trader.store.cancel(order)

    # --- children --------------------------------------------------------------------------------

    def _work(self, now: int) -> None:
        """Send what is due and not yet under way; take what resting children missed too long."""
        if self.paused:
            return
        if self.config.style is Style.AGGRESSIVE:
            self._send(self._due(now) - self.committed, now, taking=True)
            return
        late = self._late()
        if late > 0 and self._lots(late, now, self._price(taking=True)):
            # What rests may be filled while it is being cancelled: only then is known what to take.
            resting = [order for order in self._children() if order.tif is not Tif.IOC]
            for order in resting:
                if not order.cancel_wanted:
                    self._trader.store.cancel(order)
            if not resting:
                self._send(late, now, taking=True)
        else:
            self._send(self._due(now) - self.committed, now, taking=False)

    def _late(self) -> int:
        """Return what was due `patience` steps ago and is neither done nor being taken."""
        if len(self._past) <= self.config.patience:
            return 0
        taking = sum(order.open_lots for order in self._children() if order.tif is Tif.IOC)
        return self._past[0] - self.filled - taking * self._line.units.lot

    def _follow(self, now: int) -> None:
        """Cancel children that the touch has left behind, each at most once a step."""
        price = 0
        for order in self._children():
            rests = order.tif is not Tif.IOC and order.working and not order.cancel_wanted
            if not rests or now - order.created_ns < self.config.step_ns:
                continue
            price = price or self._price(taking=False)
            if price and order.side.sign * (price - order.price) > 0:
                self._trader.store.cancel(order)

    def _send(self, amount: int, now: int, *, taking: bool) -> None:
        config, price = self.config, self._price(taking=taking)
        lots = self._lots(amount, now, price)
        if lots == 0:
            return
        ticket = Ticket(
            config.slot,
            config.side,
            price,
            lots,
            Purpose.SCHEDULE,
            self.name,
            tif=Tif.IOC if taking else Tif.GTC,
            post_only=not taking,
        )
        if self._trader.send(ticket) is None:
            self.refused += self._trader.last_refusal is not RiskReason.HELD

    def _lots(self, amount: int, now: int, price: int) -> int:
        """Return the lots of a child for an amount; 0 where nothing can or may be sent.

        A rest of the parent that would be too small for an order of its own goes along.
        """
        line, config = self._line, self.config
        unit = line.units.lot
        least = least_lots(line, price)
        room = config.size - self.committed
        if config.share_ppm:
            room = min(room, self.traded * config.share_ppm // PPM - self.committed)
        if price <= 0 or amount <= 0 or room <= 0:
            return 0
        if config.child and self.stage is Stage.WORKING:
            amount = min(amount, max(config.child, least * unit))
        lots, most = min(amount, room) // unit, room // unit
        if most - lots < least:
            lots = most
        for bound in (line.lots_max, self._unquestioned(line, now)):
            lots = min(lots, bound) if bound else lots
        lots -= lots % line.lot
        return lots if lots >= least else 0

    def _unquestioned(self, line: Line, now: int) -> int:
        """Return the lots up to which no person needs to approve a child, 0 without such a rule."""
        line.forget(now)
        return line.traded * self._trader.risk.limits.volume_permille // 1000

    def _price(self, *, taking: bool) -> int:
        """Return a child's price in ticks, never beyond the limit; 0 where there is none now."""
        config, line = self.config, self._line
        touch = self._trader.touch(config.slot)
        if touch is None:
            return 0
        buying = config.side is Side.BUY
        at = 2 if buying == taking else 0
        price, shown = touch[at], touch[at + 1]
        if not shown:
            return 0
        reach = price
        if taking:
            reach = beyond(price, config.side, config.band_ppb)
        if config.limit:
            tick = line.units.notional * _ONE // line.units.lot
            limit = config.limit // tick if buying else -(-config.limit // tick)
            reach = min(reach, limit) if buying else max(reach, limit)
        reach += -(reach % line.tick) if buying else -reach % line.tick
        reached = config.side.sign * (reach - price) >= 0
        return reach if reached or not taking else 0
