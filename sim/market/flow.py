"""Order flow of one listing: keeps its book filled around a fair price that moves."""

from dataclasses import dataclass

from .book import Book
from .event import Event, Print, Side
from .latent import PremiumSpec
from .listing import Listing
from .seeded import seeded

LEVELS_MIN = 40  # below this the flow only adds
SWEEP_LEVELS = 8  # stale levels that one action may clear


@dataclass(frozen=True, slots=True)
class FlowSpec:
    """One listing and how it is traded: distances in ticks, sizes in lots."""

    listing: Listing
    lag_steps: int  # grid steps behind the latent price
    half_spread: int
    gap: int  # ticks between levels near the touch; it doubles a hundred levels out
    levels: int  # that a side settles at
    lots_mean: int
    actions_per_s: float
    premium: PremiumSpec


class Flow:
    """Draws one action after another: clear stale levels, close the spread, or stir the book."""

    def __init__(self, spec: FlowSpec, fair: int, seed: int) -> None:
        name = spec.listing.id
        self._spec = spec
        self._random = seeded(seed, f"flow/{name}")
        self.trade_id = self._random.randrange(10**8, 10**9)
        self.book = Book(name, self._random.randrange(10**9, 10**10))
        for side in Side:
            levels = [(self._price(fair, side, i), self._lots()) for i in range(spec.levels)]
            self.book.fill(side, levels)

    def next_delay_ns(self) -> int:
        """Return the time to the next action."""
        return 1 + round(self._random.expovariate(self._spec.actions_per_s) * 1e9)

    def act(self, ts_ns: int, fair: int) -> list[Event]:
        """Do one action around a fair price in ticks, and return what changed."""
        touch = self.book.touch
        if touch.ask < fair:
            return self._sweep(ts_ns, Side.ASK, fair)
        if touch.bid > fair:
            return self._sweep(ts_ns, Side.BID, fair)
        if touch.ask - touch.bid > 4 * self._spec.half_spread:
            side = Side.BID if fair - touch.bid > touch.ask - fair else Side.ASK
            return self._add(ts_ns, side, self._price(fair, side, 0))
        return self._stir(ts_ns, fair)

    def _lots(self) -> int:
        return 1 + round(self._random.expovariate(1.0 / self._spec.lots_mean))

    def _price(self, fair: int, side: Side, index: int) -> int:
        spec = self._spec
        jitter = self._random.randrange(spec.gap) if index else 0
        away = spec.half_spread + spec.gap * index + spec.gap * index * index // 100 + jitter
        return max(1, fair - away) if side is Side.BID else fair + away

    def _index(self, mean: float, count: int) -> int:
        return min(int(self._random.expovariate(1.0 / mean)), count - 1)

    def _add(self, ts_ns: int, side: Side, price: int) -> list[Event]:
        ladder = self.book.side(side)
        events: list[Event] = [self.book.change(ts_ns, side, price, self._lots())]
        if len(ladder) > self._spec.levels * 5 // 4:
            events.append(self.book.change(ts_ns, side, ladder.price_at(-1), 0))
        return events

    def _sweep(self, ts_ns: int, side: Side, fair: int) -> list[Event]:
        """Clear stale levels: most are pulled by their makers, some are taken."""
        ladder = self.book.side(side)
        sign = 1 if side is Side.ASK else -1
        events: list[Event] = []
        for _ in range(self._random.randint(1, SWEEP_LEVELS)):
            price = ladder.price_at(0)
            if (fair - price) * sign <= 0 or len(ladder) <= LEVELS_MIN:
                break
            if self._random.random() < 0.2:
                events.append(self._print(ts_ns, side, price, ladder.lots_at(price)))
            events.append(self.book.change(ts_ns, side, price, 0))
        if not events:  # a side this short may not lose its stale levels: give it others first
            events = self._add(ts_ns, side, self._price(fair, side, 1 + len(ladder)))
        return events

    def _stir(self, ts_ns: int, fair: int) -> list[Event]:
        """Resize, add, cancel or trade, mostly near the touch."""
        side = Side(self._random.randrange(2))
        ladder = self.book.side(side)
        draw = self._random.random()
        if draw < 0.35:
            price = ladder.price_at(self._index(8.0, len(ladder)))
            return [self.book.change(ts_ns, side, price, self._lots())]
        if draw < 0.62:
            if len(ladder) >= self._spec.levels:
                price = ladder.price_at(self._index(20.0, len(ladder)))
                return [self.book.change(ts_ns, side, price, 0)]
            anywhere = self._random.randrange(self._spec.levels)
            return self._add(ts_ns, side, self._price(fair, side, anywhere))
        if draw < 0.94:
            near = self._index(20.0, self._spec.levels)
            return self._add(ts_ns, side, self._price(fair, side, near))
        return self._trade(ts_ns, side)

    def _trade(self, ts_ns: int, side: Side) -> list[Event]:
        ladder = self.book.side(side)
        price = ladder.price_at(0)
        held = ladder.lots_at(price)
        whole = self._random.random() < 0.3 and len(ladder) > LEVELS_MIN
        taken = held if whole else self._random.randrange(held)
        if taken == 0:
            return []
        printed = self._print(ts_ns, side, price, taken)
        return [printed, self.book.change(ts_ns, side, price, held - taken)]

    def _print(self, ts_ns: int, side: Side, price: int, lots: int) -> Print:
        self.trade_id += 1
        return Print(ts_ns, self.book.listing, self.trade_id, price, lots, side is Side.ASK)
