"""The seeded market: several listings tied to one latent value an asset."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from .book import Book
from .event import Event
from .flow import Flow, FlowSpec
from .latent import GRID_NS, PPM, USD_UNIT, Asset, AssetSpec, Premium
from .listing import Listing


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """The assets and the listings of a world. A quote asset that is not listed here is USD."""

    assets: tuple[AssetSpec, ...]
    flows: tuple[FlowSpec, ...]


class World:
    """A market model: latent values, venue premiums and seeded flow, all in virtual time."""

    def __init__(self, spec: WorldSpec, seed: int, start_ns: int) -> None:
        self._spec = spec
        self._now_ns = start_ns
        self._grid_ns = start_ns + GRID_NS
        self._assets = {asset.name: Asset(asset, seed) for asset in spec.assets}
        self._premiums = [Premium(f.premium, f.listing.id, seed) for f in spec.flows]
        fairs = (self._fair(i) for i in range(len(spec.flows)))
        self._flows = [Flow(flow, fair, seed) for flow, fair in zip(spec.flows, fairs, strict=True)]
        self._by_id = {flow.book.listing: flow for flow in self._flows}
        self._due = [(start_ns + flow.next_delay_ns(), i) for i, flow in enumerate(self._flows)]
        heapq.heapify(self._due)

    @property
    def now_ns(self) -> int:
        """Time that the books stand at, in ns since the epoch."""
        return self._now_ns

    @property
    def listings(self) -> Sequence[Listing]:
        """Every listing, in the order of the specification."""
        return [flow.listing for flow in self._spec.flows]

    def book(self, listing: str) -> Book:
        """Return the book of an instrument id as it is at `now_ns`; KeyError if unknown."""
        return self._by_id[listing].book

    def last_trade_id(self, listing: str) -> int:
        """Return the id of the last trade, or of the one before the first."""
        return self._by_id[listing].trade_id

    def advance(self, to_ns: int) -> list[Event]:
        """Move to a time and return what happened in order; ValueError if it lies behind."""
        if to_ns < self._now_ns:
            raise ValueError(f"time would run backwards, from {self._now_ns} to {to_ns}")
        events: list[Event] = []
        while True:
            ts_ns, index = self._due[0]
            if self._grid_ns <= min(ts_ns, to_ns):
                self._step_grid()
            elif ts_ns <= to_ns:
                flow = self._flows[index]
                events += flow.act(ts_ns, self._fair(index))
                heapq.heapreplace(self._due, (ts_ns + flow.next_delay_ns(), index))
            else:
                break
        self._now_ns = to_ns
        return events

    def _step_grid(self) -> None:
        self._grid_ns += GRID_NS
        for asset in self._assets.values():
            asset.step()
        for premium in self._premiums:
            premium.step()

    def _fair(self, index: int) -> int:
        """Return what a listing is worth at its venue now, in ticks."""
        flow = self._spec.flows[index]
        listing = flow.listing
        quote = self._assets.get(listing.quote)
        per_quote = quote.value(flow.lag_steps) if quote else USD_UNIT
        value = self._assets[listing.base].value(flow.lag_steps)
        scale: int = 10**listing.price_decimals
        ticks = value * scale // per_quote
        return ticks * (PPM + self._premiums[index].ppm) // PPM
