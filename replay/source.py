"""A recorded source: the files of one venue, as one stream of inputs with connection names."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from connectors.registry import venue as venue_of
from connectors.venue import Venue
from market.inputs import Input, InputKind
from replay.forms import Problems, read_form
from replay.lines import RecordingError, lines

#: Last id by (connection label, symbol).
Ends = dict[tuple[str, str], int]


@dataclass(slots=True)
class RecordedFile:
    """One file of a source."""

    path: Path
    problems: Problems = field(default_factory=Problems)

    def inputs(self) -> Iterator[Input]:
        """Yield the inputs with the file's own connection labels; damage ends the file."""
        try:
            yield from read_form(lines(self.path), self.problems)
        except RecordingError as error:
            self.problems.add(str(error))


@dataclass(slots=True)
class Recorded:
    """The files of one venue. `shift_ns` moves the source's clock."""

    venue: str
    paths: list[Path]
    shift_ns: int = 0
    files: list[RecordedFile] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse what cannot be opened before anything is read."""
        venue_of(self.venue)
        for path in self.paths:
            with path.open("rb"):
                pass
        self.files = [RecordedFile(path) for path in self.paths]

    def inputs(self) -> Iterator[Input]:
        """Yield all inputs by receive time, then file order, then line."""
        yield from heapq.merge(*self.streams(), key=lambda item: item.ts_recv)

    def streams(self) -> list[Iterator[Input]]:
        """Return the inputs of each file, in its own order, with their source names."""
        names = self._names() if len(self.files) > 1 else [{}]
        return [
            self._named(file, index, known)
            for index, (file, known) in enumerate(zip(self.files, names, strict=True))
        ]

    def _source(self, index: int, label: str) -> str:
        return f"{self.venue}.{label or index + 1}"

    def _named(self, file: RecordedFile, index: int, known: dict[str, str]) -> Iterator[Input]:
        """Give the inputs their source names; a connection that was never opened opens here.

        `known` maps labels whose frames continue an earlier file's connection to its source.
        """
        opened = dict(known)
        for item in file.inputs():
            ts = item.ts_recv + self.shift_ns
            if item.kind is InputKind.REPLY:
                yield item._replace(ts_recv=ts, source=f"{self.venue}.rest")
                continue
            label = item.source
            if label not in opened:
                opened[label] = self._source(index, label)
                if item.kind is not InputKind.OPEN:
                    yield Input(ts, InputKind.OPEN, opened[label], note="as recorded")
            yield item._replace(ts_recv=ts, source=opened[label])

    def _names(self) -> list[dict[str, str]]:
        """Return, for each file, which of its connections continue one of an earlier file.

        A connection continues when the first ids that it carries follow the last ids of a
        connection in a file before it, and the file does not open it itself.
        """
        protocol = venue_of(self.venue)
        spans = [_span(file.path, protocol) for file in self.files]
        order = sorted(range(len(spans)), key=lambda at: (spans[at].first_ts, at))
        names: list[dict[str, str]] = [{} for _ in spans]
        ended: list[tuple[str, Ends]] = []
        for at in order:
            span = spans[at]
            for label in span.unopened:
                for source, ends in ended:
                    if _continues(span, label, ends):
                        names[at][label] = source
                        break
            for label in span.labels:
                source = names[at].get(label) or self._source(at, label)
                ends = {key: last for key, last in span.lasts.items() if key[0] == label}
                ended.insert(
                    0, (source, {("", symbol): last for (_, symbol), last in ends.items()})
                )
        return names


@dataclass(slots=True)
class _Span:
    first_ts: int = 0
    labels: dict[str, None] = field(default_factory=dict)
    unopened: dict[str, None] = field(default_factory=dict)
    befores: Ends = field(default_factory=dict)
    lasts: Ends = field(default_factory=dict)


def _span(path: Path, protocol: Venue) -> _Span:
    """Read a file once for the first and last ids of each connection and symbol."""
    span = _Span()
    for item in RecordedFile(path).inputs():
        span.first_ts = span.first_ts or item.ts_recv
        if item.kind is InputKind.REPLY:
            continue
        if item.source not in span.labels:
            span.labels[item.source] = None
            if item.kind is not InputKind.OPEN:
                span.unopened[item.source] = None
        if item.kind is InputKind.FRAME and (ids := protocol.last_ids(item.data)):
            symbol, before, last = ids
            span.befores.setdefault((item.source, symbol), before)
            span.lasts[item.source, symbol] = last
    return span


def _continues(span: _Span, label: str, ends: Ends) -> bool:
    return any(
        ends.get(("", symbol)) == before
        for (own, symbol), before in span.befores.items()
        if own == label
    )


def merged(sources: list[Recorded]) -> Iterator[Input]:
    """Merge several sources by receive time, then command-line order, then line."""
    if len(sources) == 1:
        yield from sources[0].inputs()
        return
    yield from heapq.merge(*(one.inputs() for one in sources), key=lambda item: item.ts_recv)
