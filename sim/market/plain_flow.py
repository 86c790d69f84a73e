"""The plain twin of the flow: the same agents, the same orders, written to be read."""

import heapq
import math
from collections.abc import Sequence

from engine.code import KEEP, Side, Stp, Tif, Type
from engine.core import Engine
from sim.exchange.plain_tape import PlainTape

from .agents import (
    CREW,
    EXCITEMENT_MAX,
    INFORMED,
    KINDS,
    LAYERS_MAX,
    MAKERS,
    MAKERS_MAX,
    MOMENTUM,
    NOISE,
    RETREAT_MAX,
    RUN_MAX,
    TAKERS,
    Agents,
    check,
)

_WORD = (1 << 64) - 1
AVERAGE_UNIT = 256  # parts of a tick that the momentum traders' average is kept in


class Draws:
    """A stream of random numbers: SplitMix64."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _WORD

    def word(self) -> int:
        """Return 64 random bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _WORD
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _WORD
        return z ^ (z >> 31)

    def below(self, bound: int) -> int:
        """Return a whole number below a bound, which is at most 2**32."""
        return (self.word() >> 32) * bound >> 32

    def chance(self, thousandths: int) -> bool:
        """Return True so often in a thousand."""
        return self.below(1000) < thousandths

    def exponential(self, mean: float) -> int:
        """Return a whole number from an exponential distribution, rounded down."""
        return int(mean * -math.log(((self.word() >> 11) + 1) * 2.0**-53))


class _Place:
    """An order that an agent keeps at a place of its own."""

    __slots__ = ("id", "price")

    def __init__(self) -> None:
        self.id = 0
        self.price = 0


class _Lane:
    """One listing's agents and what they remember."""

    def __init__(self, agents: Agents, seed: int) -> None:
        self.agents = agents
        self.draws = Draws(seed)
        self.fair = 0
        self.sharp = 0
        self.excitement = 0.0
        self.excited_ns = 0
        self.ceiling = 0.0
        self.run_left = 0
        self.run_side = 0
        self.average = 0
        self.quotes = [_Place() for _ in range(2 * MAKERS_MAX * LAYERS_MAX)]
        self.noise = [[_Place() for _ in range(agents.levels)] for _ in Side]

    def quote(self, maker: int, side: int, layer: int) -> _Place:
        return self.quotes[(maker * 2 + side) * LAYERS_MAX + layer]


class PlainFlow:
    """The agents of one venue; everything is as with `Flow`."""

    def __init__(
        self,
        engine: Engine,
        tape: PlainTape,
        agents: Sequence[Agents],
        seeds: Sequence[int],
        assets: Sequence[tuple[int, int]],
        first_account: int,
    ) -> None:
        self._engine = engine
        self._tape = tape
        self._lanes = [_Lane(check(a), seed) for a, seed in zip(agents, seeds, strict=True)]
        self._assets = list(assets)  # (number of the base asset, its units in a lot)
        self._first = first_account
        self._due: list[tuple[int, int]] = []
        self.orders = 0

    def set_fair(self, listing: int, fair: int, sharp: int) -> None:
        """Tell what a listing is worth to its makers and to the informed, in ticks."""
        lane = self._lanes[listing]
        lane.fair, lane.sharp = fair, sharp

    def set_agents(self, listing: int, agents: Agents) -> None:
        """Change how a listing is traded; `levels` stays as it was."""
        lane = self._lanes[listing]
        lane.agents = check(agents)._replace(levels=lane.agents.levels)

    def open(self, now_ns: int) -> None:
        """Place the opening orders, then let every listing begin; once the fairs are known."""
        self._engine.advance(now_ns)
        for number, lane in enumerate(self._lanes):
            lane.average = lane.fair * AVERAGE_UNIT
            lane.excited_ns = now_ns
            for side in (0, 1):
                for index in range(lane.agents.levels):
                    if lane.draws.chance(lane.agents.place):
                        self._place_noise(number, lane, side, index)
            self._schedule(number, lane, now_ns)

    def run(self, to_ns: int) -> None:
        """Let everything happen that is due until a time."""
        while self._due and self._due[0][0] <= to_ns:
            now_ns, number = heapq.heappop(self._due)
            lane = self._lanes[number]
            self._engine.advance(now_ns)
            self._tape.read()
            self._calm(lane, now_ns)
            base = lane.agents.rate / 1e12
            if ((lane.draws.word() >> 11) * 2.0**-53) * lane.ceiling < base + lane.excitement:
                self._act(number, lane)
            self._schedule(number, lane, now_ns)

    def _schedule(self, number: int, lane: _Lane, now_ns: int) -> None:
        """Draw the next time at which something may happen: thinning from the present rate."""
        lane.ceiling = lane.agents.rate / 1e12 + lane.excitement
        delay = 1 + lane.draws.exponential(1.0 / lane.ceiling)
        heapq.heappush(self._due, (now_ns + delay, number))

    def _calm(self, lane: _Lane, now_ns: int) -> None:
        passed = (now_ns - lane.excited_ns) / (lane.agents.fade_ms * 1e6)
        lane.excitement *= math.exp(-passed)
        lane.excited_ns = now_ns

    def _act(self, number: int, lane: _Lane) -> None:
        a = lane.agents
        pick = lane.draws.below(sum(a[1 : 1 + KINDS]))
        if pick < a.maker_weight:
            self._make(number, lane)
            return
        pick -= a.maker_weight
        if pick < a.noise_weight:
            self._stir(number, lane)
            return
        pick -= a.noise_weight
        bid, ask = self._best(number, 0), self._best(number, 1)
        if pick < a.taker_weight:
            self._take(number, lane, bid, ask)
            return
        pick -= a.taker_weight
        if pick < a.informed_weight:
            if not self._exploit(number, lane, bid, ask):
                self._make(number, lane)
        elif not self._follow(number, lane, bid, ask):
            self._stir(number, lane)

    # Makers.

    def _make(self, number: int, lane: _Lane) -> None:
        a, draws = lane.agents, lane.draws
        maker, side = draws.below(a.makers), draws.below(2)
        layer = min(draws.below(a.layers), draws.below(a.layers))
        if self._protect(lane, maker, side):
            return
        price = self._quote_price(number, lane, maker, side, layer)
        qty = 1 + draws.exponential(a.lots)
        place = lane.quote(maker, side, layer)
        if price < 1:
            return
        if not self._engine.is_open(place.id):
            self._new(number, place, self._account(MAKERS, maker), side, price, qty, post_only=1)
            return
        near = 1 + layer * a.layer_gap // 4
        self._move(place, KEEP if abs(price - place.price) <= near else price, qty)

    def _protect(self, lane: _Lane, maker: int, side: int) -> bool:
        """Pull a maker's quotes that the fair price has passed, or all that it withdraws."""
        pulled = False
        for layer in range(lane.agents.layers):
            place = lane.quote(maker, side, layer)
            wanted = not lane.agents.withdrawn and not _passed(lane, place, side)
            if not wanted and self._engine.is_open(place.id):
                self._cancel(place.id)
                pulled = True
        return pulled or lane.agents.withdrawn == 1

    def _quote_price(self, number: int, lane: _Lane, maker: int, side: int, layer: int) -> int:
        a = lane.agents
        away = layer * a.layer_gap + (lane.draws.below(a.layer_gap) if layer else 0)
        fair = lane.fair - self._lean(number, lane, maker)
        half = a.spread // 2
        if side == 0:
            price, other = fair - half - away, self._best(number, 1)
            return min(price, other - 1) if other else price
        price, other = fair + a.spread - half + away, self._best(number, 0)
        return max(price, other + 1)

    def _lean(self, number: int, lane: _Lane, maker: int) -> int:
        asset, unit = self._assets[number]
        held = self._engine.balance(self._account(MAKERS, maker), asset)[0]
        lean = min(abs(held) // unit // lane.agents.lean_lots, lane.agents.lean_max)
        return lean if held >= 0 else -lean

    # Noise.

    def _stir(self, number: int, lane: _Lane) -> None:
        a, draws = lane.agents, lane.draws
        side = draws.below(2)
        bid, ask = self._best(number, 0), self._best(number, 1)
        if bid and ask - bid > a.spread and draws.chance(250):
            self._step_in(number, lane, side, bid, ask)
            return
        near = draws.exponential(a.near)
        index = near % a.levels if draws.chance(800) else draws.below(a.levels)
        place = lane.noise[side][index]
        if not self._engine.is_open(place.id):
            if draws.chance(a.place):
                self._place_noise(number, lane, side, index)
        elif draws.chance(300) or _passed(lane, place, side):
            self._cancel(place.id)
        else:
            self._move(place, KEEP, self._noise_lots(lane, index))

    def _step_in(self, number: int, lane: _Lane, side: int, bid: int, ask: int) -> None:
        """Offer a better price than the best, near the other side."""
        draws, place = lane.draws, lane.noise[side][0]
        away = 1 + draws.below((ask - bid) // 4 + 1)
        price = ask - away if side == 0 else bid + away
        qty = self._noise_lots(lane, 0)
        account = self._account(NOISE, draws.below(CREW))
        if self._engine.is_open(place.id):
            self._move(place, price, qty)
        else:
            self._new(number, place, account, side, price, qty)

    def _noise_lots(self, lane: _Lane, index: int) -> int:
        a = lane.agents
        return 1 + lane.draws.exponential(a.lots + a.lots * index * a.swell // 1024)

    def _place_noise(self, number: int, lane: _Lane, side: int, index: int) -> None:
        a, draws = lane.agents, lane.draws
        away = a.gap * index + a.curve * index * index // 1024 + draws.below(a.gap)
        price = lane.fair - away if side == 0 else lane.fair + 1 + away
        qty = self._noise_lots(lane, index)
        account = self._account(NOISE, draws.below(CREW))
        if price >= 1:
            self._new(number, lane.noise[side][index], account, side, price, qty)

    # Takers of three kinds.

    def _take(self, number: int, lane: _Lane, bid: int, ask: int) -> None:
        """Execute the next part of a run: runs are what gives trade signs their memory."""
        a, draws = lane.agents, lane.draws
        if lane.run_left == 0:
            length = 1
            while length < RUN_MAX and draws.chance(a.run):
                length *= 2
            lane.run_left = 1 + draws.below(length)
            lane.run_side = draws.below(2)
        lane.run_left -= 1
        side = lane.run_side if a.taker_side < 0 else a.taker_side
        best = bid if side else ask
        qty = 1 + draws.exponential(a.taker_lots)
        at_any = draws.chance(200)
        account = self._account(TAKERS, draws.below(CREW))
        if best:
            self._aggress(number, lane, account, side, 0 if at_any else best, qty)

    def _exploit(self, number: int, lane: _Lane, bid: int, ask: int) -> bool:
        """Trade what the unlagged price has passed."""
        a, draws = lane.agents, lane.draws
        if ask and lane.sharp > ask + a.edge:
            side = 0
        elif bid and lane.sharp < bid - a.edge:
            side = 1
        else:
            return False
        if draws.chance(500) and self._retreat(lane, 1 - side):
            return True
        qty = 1 + draws.exponential(a.lots * 32)
        account = self._account(INFORMED, draws.below(CREW))
        if lane.sharp > 0:
            self._aggress(number, lane, account, side, lane.sharp, qty)
        return True

    def _retreat(self, lane: _Lane, side: int) -> int:
        """Pull some of the noise that the fair price has passed; returns how many."""
        pulled = 0
        for place in lane.noise[side]:
            if _passed(lane, place, side) and self._engine.is_open(place.id):
                self._cancel(place.id)
                pulled += 1
                if pulled == RETREAT_MAX:
                    break
        return pulled

    def _follow(self, number: int, lane: _Lane, bid: int, ask: int) -> bool:
        """Trade in the direction in which the middle left its average."""
        if not bid or not ask:
            return False
        middle = (bid + ask) * (AVERAGE_UNIT // 2)
        lane.average += (middle - lane.average) >> 4
        away = middle - lane.average
        if abs(away) <= lane.agents.chase * AVERAGE_UNIT:
            return False
        qty = 1 + lane.draws.exponential(lane.agents.taker_lots)
        account = self._account(MOMENTUM, lane.draws.below(CREW))
        side, price = (0, ask) if away > 0 else (1, bid)
        self._aggress(number, lane, account, side, price, qty)
        return True

    # Orders.

    def _aggress(
        self, number: int, lane: _Lane, account: int, side: int, price: int, qty: int
    ) -> None:
        """Send an order that is done at once, and excite the others."""
        kind = Type.LIMIT if price else Type.MARKET
        self._engine.new(
            number,
            self._tape.untracked_id(),
            account,
            side,
            price,
            qty,
            kind,
            Tif.IOC,
            Stp.CANCEL_TAKER,
        )
        self._sent()
        a = lane.agents
        lane.excitement += a.excite / (a.fade_ms * 1e9)
        lane.excitement = min(lane.excitement, a.rate / 1e12 * EXCITEMENT_MAX)

    def _new(
        self,
        number: int,
        place: _Place,
        account: int,
        side: int,
        price: int,
        qty: int,
        post_only: int = 0,
    ) -> None:
        place.id, place.price = self._tape.untracked_id(), price
        terms = (Type.LIMIT, Tif.GTC, Stp.CANCEL_TAKER, post_only)
        self._engine.new(number, place.id, account, side, price, qty, *terms)
        self._sent()

    def _move(self, place: _Place, price: int, qty: int) -> None:
        code = self._engine.replace(place.id, price, qty)
        if not code and price != KEEP:
            place.price = price
        self._sent()

    def _cancel(self, order_id: int) -> None:
        self._engine.cancel(order_id)
        self._sent()

    def _sent(self) -> None:
        self.orders += 1
        self._tape.read()

    def _best(self, number: int, side: int) -> int:
        levels = self._engine.depth(number, side, 1)
        return levels[0][0] if levels else 0

    def _account(self, kind: int, member: int) -> int:
        return self._first + kind * CREW + member


def _passed(lane: _Lane, place: _Place, side: int) -> bool:
    """Tell whether the fair price has gone through an order's."""
    return place.price > lane.fair if side == 0 else place.price < lane.fair
