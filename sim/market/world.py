"""The seeded market: agents on one exchange a venue, all tied to one latent value an asset."""

from collections.abc import Mapping, Sequence
from operator import itemgetter

from sim.exchange.exchange import FREE, Exchange

from .agents import CREW
from .book import Book
from .event import Event
from .flow import Flow
from .latent import GRID_NS, PPM, USD_UNIT, Asset, Premium
from .listing import Listing
from .seeded import seeded
from .spec import FlowSpec, Phase, WorldSpec

_CREW_NAMES = ("maker", "noise", "taker", "informed", "momentum")
_time_of = itemgetter(0)


class _Price:
    """How the price of one listing hangs on the values of its assets."""

    __slots__ = ("_base", "_premium", "_quote", "_scale", "lag_steps")

    def __init__(self, flow: FlowSpec, assets: Mapping[str, Asset], seed: int) -> None:
        self._base = assets[flow.listing.base]
        self._quote = assets.get(flow.listing.quote)
        self._scale: int = 10**flow.listing.price_decimals
        self._premium = Premium(flow.premium, flow.listing.id, seed)
        self.lag_steps = flow.lag_steps

    def step(self) -> bool:
        """Move one grid step; returns whether the price may have changed, lag and all."""
        moved = self._premium.step() or self._base.still_steps <= self.lag_steps
        return moved or (self._quote is not None and self._quote.still_steps <= self.lag_steps)

    def fair(self, lag_steps: int) -> int:
        """Return what the listing was worth at its venue some steps ago, in ticks."""
        per_quote = self._quote.value(lag_steps) if self._quote else USD_UNIT
        ticks = self._base.value(lag_steps) * self._scale // per_quote
        return ticks * (PPM + self._premium.ppm) // PPM


class _Venue:
    """One venue: its exchange, and the agents on it."""

    def __init__(self, name: str, spec: WorldSpec, prices: Mapping[str, _Price], seed: int) -> None:
        flows = [flow for flow in spec.flows if flow.listing.venue == name]
        self.flows = flows
        self.prices = [prices[flow.listing.id] for flow in flows]
        self.numbers = {flow.listing.id: number for number, flow in enumerate(flows)}
        listings = [flow.listing for flow in flows]
        draws = {item.id: seeded(seed, f"ids/{item.id}") for item in listings}
        ids = {
            key: (draw.randrange(10**9, 10**10), draw.randrange(10**8, 10**9))
            for key, draw in draws.items()
        }
        self.exchange = Exchange(name, listings, spec.fees.get(name, FREE), 0, first_ids=ids)
        accounts = [
            self.exchange.open_account(f"{kind} {member + 1}", None)
            for kind in _CREW_NAMES
            for member in range(CREW)
        ]
        assets = self.exchange.assets
        self.flow = Flow(
            self.exchange.engine,
            self.exchange.tape,
            [flow.agents for flow in flows],
            [draws[item.id].getrandbits(64) for item in listings],
            [(assets.number(item.base), assets.base_unit(item)) for item in listings],
            accounts[0],
        )

    def tell_fair(self, number: int) -> None:
        """Tell the agents what a listing is worth now."""
        price = self.prices[number]
        sharp = price.fair(0)
        fair = price.fair(price.lag_steps) if price.lag_steps else sharp
        self.flow.set_fair(number, fair, sharp)

    def step_prices(self) -> None:
        """Move every price one grid step, and tell those that changed."""
        for number, price in enumerate(self.prices):
            if price.step():
                self.tell_fair(number)

    def run(self, to_ns: int) -> None:
        """Let the agents act until a time, and take in what that did to clients' orders."""
        self.flow.run(to_ns)
        self.exchange.advance(to_ns)


class World:
    """A market model: latent values, venue premiums and agents, all in virtual time.

    Clients trade on `exchange(venue)` between two steps; what they do is public at the next
    `advance` or `take_events`. `orders` counts what the agents sent.
    """

    def __init__(self, spec: WorldSpec, seed: int, start_ns: int) -> None:
        self._spec = spec
        self._now_ns = start_ns
        self._grid_ns = start_ns + GRID_NS
        self._assets = {asset.name: Asset(asset, seed) for asset in spec.assets}
        prices = {flow.listing.id: _Price(flow, self._assets, seed) for flow in spec.flows}
        names = dict.fromkeys(flow.listing.venue for flow in spec.flows)
        self._venues = {name: _Venue(name, spec, prices, seed) for name in names}
        self._by_id = {flow.listing.id: self._venues[flow.listing.venue] for flow in spec.flows}
        self._phase = 0
        self._phase_from_ns = start_ns + spec.warm_up_ns
        for venue in self._venues.values():
            for number in range(len(venue.prices)):
                venue.tell_fair(number)
            venue.flow.open(start_ns)
            venue.exchange.settle()
            venue.exchange.take_events()

    @property
    def now_ns(self) -> int:
        """Time that the books stand at, in ns since the epoch."""
        return self._now_ns

    @property
    def listings(self) -> Sequence[Listing]:
        """Every listing, in the order of the specification."""
        return [flow.listing for flow in self._spec.flows]

    @property
    def orders(self) -> int:
        """Orders, replaces and cancels that the agents have sent."""
        return sum(venue.flow.orders for venue in self._venues.values())

    def exchange(self, venue: str) -> Exchange:
        """Return the exchange of a venue; KeyError if unknown."""
        return self._venues[venue].exchange

    def book(self, listing: str) -> Book:
        """Return the book of an instrument id as it is at `now_ns`; KeyError if unknown."""
        return self._by_id[listing].exchange.book(listing)

    def last_trade_id(self, listing: str) -> int:
        """Return the id of the last trade, or of the one before the first."""
        return self._by_id[listing].exchange.last_trade_id(listing)

    def advance(self, to_ns: int) -> list[Event]:
        """Move to a time and return what happened in order; ValueError if it lies behind."""
        if to_ns < self._now_ns:
            raise ValueError(f"time would run backwards, from {self._now_ns} to {to_ns}")
        events = self.take_events()
        while self._now_ns < to_ns:
            self._now_ns = min(self._grid_ns, to_ns)
            for venue in self._venues.values():
                venue.run(self._now_ns)
            if self._now_ns == self._grid_ns:
                self._step_grid()
            events += self.take_events()
        return events

    def take_events(self) -> list[Event]:
        """Return what happened since the last call, in order of time."""
        events: list[Event] = []
        for venue in self._venues.values():
            events += venue.exchange.take_events()
        if len(self._venues) > 1:
            events.sort(key=_time_of)
        return events

    def _step_grid(self) -> None:
        self._grid_ns += GRID_NS
        self._step_phases()
        for asset in self._assets.values():
            asset.step()
        for venue in self._venues.values():
            venue.step_prices()

    def _step_phases(self) -> None:
        phases = self._spec.phases
        while self._phase < len(phases):
            phase = phases[self._phase]
            if self._phase_from_ns + round(phase.at_s * 1e9) > self._now_ns:
                return
            self._enter(phase)
            self._phase += 1
            if self._phase == len(phases) and self._spec.cycle_s:
                self._phase = 0
                self._phase_from_ns += round(self._spec.cycle_s * 1e9)

    def _enter(self, phase: Phase) -> None:
        if phase.listing:
            venue = self._by_id[phase.listing]
            number = venue.numbers[phase.listing]
            venue.flow.set_agents(number, venue.flows[number].agents._replace(**phase.agents))
            if phase.state is not None:
                venue.exchange.set_state(phase.listing, phase.state)
        if phase.asset and phase.target:
            self._assets[phase.asset].aim(phase.target, phase.pull_ppm)
        elif phase.asset:
            self._assets[phase.asset].release()
