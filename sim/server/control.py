"""A served world as its control door sees it: what there is, faults, and the truth for a score."""

import os
from typing import Any

from market.grid import Grid
from sim.market.event import Event
from sim.market.listing import BINANCE, Listing
from sim.score.channels import BinanceChannels, Channels, CoinbaseChannels
from sim.score.truth import Truth

from .spell import Kind, Spell, SpellOrder
from .venue import VenueServer
from .world import SimulatedWorld


class WorldControl:
    """Implements `api.world_view.WorldView`. One fault and one watch at a time."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world
        self._spell: Spell | None = None
        self._spell_venue = ""
        self._truth: Truth | None = None
        self._watched: VenueServer | None = None
        self._listening = False

    def status(self) -> dict[str, Any]:
        """Return the venues with what they counted, and the fault under way."""
        world = self._world
        return {
            "pid": os.getpid(),
            "market_ns": world.market.now_ns,
            "slipped_ns": world.slipped_ns,
            "venues": {name: _venue_row(server) for name, server in world.venues.items()},
            "fault": self.spell(),
            "watching": self._truth is not None,
        }

    def level3(self, instrument: str, orders_max: int) -> dict[str, Any] | None:
        """Return at most so many resting orders of each side; None for an unknown instrument."""
        found = self._world.resting(instrument)
        if found is None:
            return None
        listing = next(one for one in self._world.market.listings if one.id == instrument)
        price, size = Grid(listing.price_decimals), Grid(listing.size_decimals)
        bids, asks = (
            [
                {"order": number, "price": price.format(ticks), "size": size.format(lots)}
                for ticks, lots, number in side[:orders_max]
            ]
            for side in found
        )
        return {"instrument": instrument, "bids": bids, "asks": asks}

    def fault(self, venue: str, given: dict[str, Any]) -> dict[str, Any]:
        """Begin a fault; returns {`accepted`, `reason`}."""
        server = self._world.venues.get(venue)
        if server is None:
            return _refused(f"no venue {venue!r}; there are: {', '.join(self._world.venues)}")
        if self._spell is not None and not self._spell.over:
            return _refused(f"{self._spell.order.kind} is still under way")
        try:
            order = SpellOrder(**{**given, "kind": Kind(given.get("kind", ""))})
        except (TypeError, ValueError) as error:
            return _refused(str(error))
        self._spell, self._spell_venue = Spell(server, order), venue
        self._spell.begin()
        return {"accepted": True, "reason": ""}

    def spell(self) -> dict[str, Any] | None:
        """Return the newest fault, None before the first; times are monotonic, in ns."""
        spell = self._spell
        if spell is None:
            return None
        return {
            "venue": self._spell_venue,
            "kind": spell.order.kind.value,
            "seconds": spell.order.seconds,
            "rate": spell.order.chance,
            "began_ns": spell.began_ns,
            "first_ns": spell.first_ns,
            "ended_ns": spell.ended_ns,
            "over": spell.over,
            "acted": spell.acted,
            "carried_on": spell.carried_on,
        }

    def watch(self, venue: str) -> dict[str, Any]:
        """Begin to take down the truth about a venue; a watch that went on before ends."""
        server = self._world.venues.get(venue)
        if server is None:
            return _refused(f"no venue {venue!r}; there are: {', '.join(self._world.venues)}")
        self.unwatch()
        market = self._world.market
        listings = [one for one in market.listings if _belongs(one, venue)]
        channels = _channels(venue, listings)
        self._truth = Truth(market, listings, channels, server.late_ns)
        self._watched = server
        server.faults.watch = self._truth.on_frame
        if not self._listening:
            self._world.listen(self._on_events)
            self._listening = True
        return {"accepted": True, "reason": "", "listings": [one.id for one in listings]}

    def truth(self) -> list[dict[str, Any]]:
        """Return what was taken down so far, a row a listing."""
        return [one.as_dict() for one in self._truth.listings.values()] if self._truth else []

    def unwatch(self) -> dict[str, Any]:
        """Take down nothing more and forget what was."""
        if self._watched is not None:
            self._watched.faults.watch = None
        self._truth = self._watched = None
        return {"accepted": True, "reason": ""}

    def _on_events(self, events: list[Event]) -> None:
        if self._truth is not None:
            self._truth.on_events(events)


def _refused(reason: str) -> dict[str, Any]:
    return {"accepted": False, "reason": reason}


def _belongs(listing: Listing, venue: str) -> bool:
    return (listing.venue == BINANCE) == venue.startswith("binance")


def _channels(venue: str, listings: list[Listing]) -> Channels:
    if venue.startswith("binance"):
        return BinanceChannels(listings)
    return CoinbaseChannels(listings)


def _venue_row(server: VenueServer) -> dict[str, Any]:
    counts = server.counts
    return {
        "rest": server.http_url,
        "ws": server.ws_url,
        "clients": len(server.clients),
        "queued": max((client.queued for client in server.clients), default=0),
        "connections": counts.connections,
        "requests": counts.requests,
        "frames": counts.frames,
        "faulted": counts.faulted,
        "slow_clients": counts.slow_clients,
        "idle_closed": counts.idle_closed,
        "refused": counts.refused,
        "violations": {rule.value: count for rule, count in sorted(counts.violations.items())},
    }
