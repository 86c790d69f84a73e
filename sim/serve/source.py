"""A recording to serve: where it is, and what a look through the whole of it says."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from connectors.registry import venue as venue_of
from market.inputs import Input, InputKind
from replay.native_reader import Recording
from replay.source import Recorded

#: First snapshots of a symbol that are kept to answer early requests with.
SNAPSHOTS_KEPT = 16
VENUES = ("binance", "binance-us", "coinbase", "coinbase-exchange")


class ServeError(Exception):
    """A recording cannot be served; the message says why."""


@dataclass(slots=True)
class Decimals:
    """The most decimals that were seen of a price and of a size."""

    price: int = 0
    size: int = 0

    def see(self, price: str, size: str) -> None:
        """Look at one level."""
        self.price = max(self.price, _decimals(price))
        self.size = max(self.size, _decimals(size))


def _decimals(text: str) -> int:
    return len(text.partition(".")[2].rstrip("0"))


def increment(decimals: int) -> str:
    """Return the step of so many decimals as text."""
    return f"{Decimal(1).scaleb(-decimals):f}"


@dataclass(slots=True)
class Source:
    """The recording of one venue: one or more files, or the folder of a native one."""

    venue: str
    paths: list[Path] = field(default_factory=list)

    def inputs(self) -> Iterator[Input]:
        """Yield the frames and replies of the venue in order; damage ends a file quietly."""
        if self.paths[0].is_dir():
            for folder in self.paths:
                yield from self._native(folder)
            return
        for item in Recorded(self.venue, self.paths).inputs():
            if item.kind in (InputKind.FRAME, InputKind.REPLY):
                yield item

    def _native(self, folder: Path) -> Iterator[Input]:
        recording = Recording(folder)
        for number in recording.numbers:
            for entry in recording.part(number):
                item = entry.input
                if item is None or item.source.partition(".")[0] != self.venue:
                    continue
                if item.kind in (InputKind.FRAME, InputKind.REPLY):
                    yield item


def parse_sources(specs: list[str]) -> list[Source]:
    """Return the sources of `VENUE=PATH[,PATH…]`, files of one venue together.

    Raises ServeError for a venue that cannot be served or a path that cannot be read.
    """
    found: dict[str, Source] = {}
    for spec in specs:
        venue, equals, paths = spec.partition("=")
        if not equals or venue not in VENUES:
            raise ServeError(f"{spec!r}: expected VENUE=PATH with one of {', '.join(VENUES)}")
        source = found.setdefault(venue, Source(venue))
        for text in paths.split(","):
            path = Path(text)
            try:
                if path.is_dir():
                    Recording(path)
                else:
                    path.open("rb").close()
            except (OSError, ValueError) as error:
                raise ServeError(f"{text}: {error}") from None
            source.paths.append(path)
    for source in found.values():
        if len({path.is_dir() for path in source.paths}) > 1:
            raise ServeError(f"{source.venue}: files and folders cannot be mixed")
    return list(found.values())


def reply_topic(venue: str, note: str) -> tuple[str, str]:
    """Return what a recorded REST reply is about, and its symbol."""
    topic, symbol = venue_of(venue).topic(note)
    return topic.name, symbol
