"""Inputs into one public file: what a form cannot hold is left out and counted, or refused."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from connectors.registry import venue as venue_of
from connectors.venue import Topic
from market.inputs import Input, InputKind

from .errors import DirectionError
from .lines import CannotHoldError, form_a, form_b, form_c, seconds
from .output import Sink

#: Form A knows Binance's snapshots only: they stand between the frames without a name.
_NAMED_MAX = 64


@dataclass(slots=True)
class PublicWriter:
    """Writes the inputs of one venue as lines of form `a`, `b` or `c`."""

    form: str
    sink: Sink
    lines: int = 0
    #: Inputs that the form cannot hold, by what they are.
    left_out: Counter[str] = field(default_factory=Counter)
    _venue: str = ""
    _connection: str = ""
    _symbol: bytes = b""

    def write(self, inputs: Iterable[Input]) -> None:
        """Write all inputs; raises DirectionError where leaving out would change the meaning."""
        put: dict[str, Callable[[Input], bytes]] = {"a": self._a, "b": self._b, "c": self._c}
        spell = put[self.form]
        for item in inputs:
            venue = item.source.partition(".")[0]
            if item.kind in (InputKind.TIMER, InputKind.CLOCK, InputKind.COMMAND, InputKind.OFFSET):
                self.left_out[item.kind.name] += 1
                continue
            if venue != self._venue:
                self._begin(venue, item.ts_recv)
            try:
                line = spell(item)
            except CannotHoldError as error:
                if item.kind is InputKind.FRAME or self._is_snapshot(item):
                    raise DirectionError(
                        f"form {self.form.upper()} cannot hold what {item.source} gave"
                        f" at {item.ts_recv}: {error}"
                    ) from None
                self.left_out[str(error)] += 1
                continue
            self.sink.write(line + b"\n")
            self.lines += 1

    def _begin(self, venue: str, ts: int) -> None:
        if self._venue:
            raise DirectionError(
                f"a public file is of one venue; the recording has {self._venue} and {venue}:"
                " choose one with --venue"
            )
        self._venue = venue
        if self.form == "a" and not venue.startswith("binance"):
            raise DirectionError(f"form A holds frames of Binance only, not of {venue}")
        if self.form == "c":
            exchange = venue.upper().replace("-", "_")
            head = {"t": "header", "format": 2, "exchange": exchange, "config": {}}
            text = json.dumps(head, separators=(",", ":"))[:-1]
            self.sink.write(f'{text},"recorded":{seconds(ts)}}}\n'.encode())
            self.lines += 1

    def _one_connection(self, item: Input) -> None:
        """Refuse a second connection where the form does not name them."""
        if item.kind is InputKind.REPLY:
            return
        if self._connection and item.source != self._connection:
            raise DirectionError(
                f"form {self.form.upper()} does not name connections; the recording has"
                f" {self._connection} and {item.source}: form C holds both"
            )
        self._connection = item.source

    def _a(self, item: Input) -> bytes:
        self._one_connection(item)
        if item.kind is InputKind.REPLY:
            self._placed(item)
        elif item.kind is InputKind.FRAME:
            self._named(item)
        return form_a(item)

    def _named(self, item: Input) -> None:
        """Remember the symbol of a frame, by which a snapshot behind it is understood."""
        head = item.data[:_NAMED_MAX]
        stream = head.partition(b'"stream"')[2].partition(b'"')[2].partition(b"@")
        if stream[1]:
            self._symbol = stream[0].upper()
        elif b'"lastUpdateId"' in head:
            raise CannotHoldError("it would be taken for a REST snapshot")

    def _placed(self, item: Input) -> None:
        """Refuse a snapshot that would be taken for another symbol's."""
        topic, native = venue_of(self._venue).topic(item.note)
        if topic is not Topic.DEPTH:
            raise CannotHoldError(f"a reply about {topic.value}")
        if item.number == 200 and native.encode() != self._symbol:
            raise DirectionError(
                f"form A gives a snapshot the symbol of the frame before it: {native}'s at"
                f" {item.ts_recv} would become {self._symbol.decode() or 'nobody'}'s;"
                " form C names it"
            )

    def _is_snapshot(self, item: Input) -> bool:
        """Whether an input is one without which a book would not come to life."""
        good = item.kind is InputKind.REPLY and item.number == 200
        return good and venue_of(self._venue).topic(item.note)[0] is Topic.DEPTH

    def _b(self, item: Input) -> bytes:
        self._one_connection(item)
        return form_b(item)

    def _c(self, item: Input) -> bytes:
        label = item.source.removeprefix(f"{self._venue}.")
        if item.kind is InputKind.REPLY:
            label = "http.sync"
        return form_c(item, label)
