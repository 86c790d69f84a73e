"""Traces of orders for OpenTelemetry: what became of each, from the intent to the hedge.

An order is a span `order` with one below it for each part of its way:

    intent         from the receive stamp of the input that led to it to the decision
    risk           the checks
    sent           handed to the gateway
    acknowledged   until the venue's first answer
    filled         from there to its end, each fill an event; only where there was one
    hedged         from the fill to the end of the hedge that covers it, whose `order` is below it

The witness only takes notes, in a bounded queue; the spans are made of them when `drain` is called,
which the node does not wait for. Needs the optional extra `otel`: import this module late.
"""

import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SpanExporter,
)
from opentelemetry.trace import Status, StatusCode, set_span_in_context

from arb.orders.order import End, OwnOrder, Purpose
from arb.orders.store import Fill
from arb.risk.reason import RiskReason
from arb.risk.ticket import Ticket
from checkpoint import build
from market.instrument import Instrument

#: Notes that may wait to become spans, and orders that may be under way; further ones are counted.
NOTES_MAX = 8_192
ORDERS_MAX = 10_000

#: Fills of one order that are told one by one; of more, the last one stands for the rest.
FILLS_MAX = 128

#: What the backend may take to answer, at the end of the process too.
SEND_S_MAX = 2.0

_HEDGES = (Purpose.HEDGE, Purpose.FLATTEN)
_Key = tuple[str, int]


class _Note(NamedTuple):
    """Something that happened to an order, at a stamp."""

    what: str
    at_ns: int
    key: _Key
    fields: dict[str, str | int]


class _Traced:
    """The open spans of one order."""

    def __init__(self, root: Span, sent_ns: int, hedge: tuple[str, str] | None) -> None:
        self.root = root
        self.sent_ns = sent_ns
        #: The (world, strategy) whose exposure it closes, where it is a hedge.
        self.hedge = hedge
        self.answered_ns = 0
        self.fills: list[_Note] = []


def exporter(name: str, endpoint: str) -> SpanExporter:
    """Return an exporter, `console` or `otlp`; ImportError where its package is missing."""
    if name == "console":
        return ConsoleSpanExporter(out=sys.stderr)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - see above
        OTLPSpanExporter,
    )

    made: SpanExporter = OTLPSpanExporter(endpoint=endpoint, timeout=SEND_S_MAX)
    return made


class OrderTracer:
    """A witness of orders that makes spans; `now_ns` gives stamps.

    `dropped` counts the notes that found the queue full and the orders beyond ORDERS_MAX. At most
    `queue_max` finished spans wait for the exporter, which has a thread of its own; what comes
    while they do is dropped there.
    """

    def __init__(
        self,
        sink: SpanExporter,
        instruments: Sequence[Instrument],
        now_ns: Callable[[], int],
        queue_max: int = 2_048,
    ) -> None:
        self.dropped = 0
        self._instruments = instruments
        self._now_ns = now_ns
        self._notes: deque[_Note] = deque()
        self._intended_ns = self._checked_ns = 0
        self._traced: dict[_Key, _Traced] = {}
        self._filled: dict[tuple[str, str], tuple[Span, int]] = {}
        self._hedging: dict[tuple[str, str], Span] = {}
        resource = Resource.create(
            {"service.name": "crossquote", "service.version": build().version}
        )
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(
            BatchSpanProcessor(
                sink, max_queue_size=queue_max, max_export_batch_size=min(512, queue_max)
            )
        )
        self._tracer = self._provider.get_tracer("crossquote.orders")

    # --- the witness -----------------------------------------------------------------------------

    def intended(self, world: str, ticket: Ticket) -> None:  # noqa: ARG002 - a witness's call
        """Something wants to trade."""
        self._intended_ns = self._now_ns()

    def checked(self, world: str, ticket: Ticket, reason: RiskReason) -> None:  # noqa: ARG002
        """The checks are done; what they refuse is counted by the metrics and not traced."""
        self._checked_ns = self._now_ns()

    def placed(self, world: str, order: OwnOrder) -> None:
        """The order was given to its gateway."""
        instrument = self._instruments[order.slot]
        fields: dict[str, str | int] = {
            "world": world,
            "strategy": order.strategy,
            "instrument": instrument.id,
            "side": order.side.name.lower(),
            "purpose": order.purpose.name.lower(),
            "type": order.type.name.lower(),
            "tif": order.tif.name.lower(),
            "price": instrument.price.format(order.price),
            "size": instrument.size.format(order.lots),
            "order": order.id,
            "created_ns": order.created_ns,
            "intended_ns": self._intended_ns,
            "checked_ns": self._checked_ns,
        }
        self._note("placed", world, order, fields)

    def arrived(self, world: str, order: OwnOrder) -> None:
        """The venue has the order."""
        self._note("arrived", world, order, {"venue_id": order.venue_id})

    def filled(self, world: str, fill: Fill) -> None:
        """A fill that was not known before."""
        order = fill.order
        instrument = self._instruments[order.slot]
        fields: dict[str, str | int] = {
            "price": instrument.price.format(fill.price),
            "size": instrument.size.format(fill.lots),
            "trade_id": fill.trade_id,
            "maker": int(fill.maker),
        }
        self._note("filled", world, order, fields)

    def ended(self, world: str, order: OwnOrder) -> None:
        """The order is over."""
        fields: dict[str, str | int] = {
            "end": order.end.name.lower(),
            "reason": order.reason,
            "failed": int(order.end in (End.REJECTED, End.NEVER_ARRIVED)),
            "whole": int(order.filled >= order.lots),
        }
        self._note("ended", world, order, fields)

    def _note(self, what: str, world: str, order: OwnOrder, fields: dict[str, str | int]) -> None:
        if len(self._notes) >= NOTES_MAX:
            self.dropped += 1
            return
        self._notes.append(_Note(what, self._now_ns(), (world, order.id), fields))

    # --- spans -----------------------------------------------------------------------------------

    def drain(self) -> None:
        """Make spans of the notes taken so far."""
        handlers: dict[str, Callable[[_Note, _Traced], None]] = {
            "arrived": self._on_arrived,
            "filled": self._on_filled,
            "ended": self._on_ended,
        }
        while self._notes:
            note = self._notes.popleft()
            if note.what == "placed":
                self._on_placed(note)
                continue
            traced = self._traced.get(note.key)
            if traced is not None:
                handlers[note.what](note, traced)

    def close(self) -> None:
        """Send what is left; the spans of orders that are still open end here."""
        self.drain()
        now_ns = self._now_ns()
        for traced in self._traced.values():
            traced.root.set_attribute("end", "open")
            traced.root.end(now_ns)
        for span in self._hedging.values():
            span.end(now_ns)
        self._traced.clear()
        self._hedging.clear()
        self._provider.shutdown()

    def _span(self, name: str, parent: Span | None, start_ns: int, **fields: Any) -> Span:
        context = set_span_in_context(parent) if parent is not None else None
        span = self._tracer.start_span(name, context, start_time=start_ns, attributes=fields)
        assert isinstance(span, Span)
        return span

    def _on_placed(self, note: _Note) -> None:
        if len(self._traced) >= ORDERS_MAX:
            self.dropped += 1
            return
        fields = dict(note.fields)
        created, intended, checked = (
            int(fields.pop(name)) for name in ("created_ns", "intended_ns", "checked_ns")
        )
        created = min(created, intended)
        whose = note.key[0], str(fields["strategy"])
        hedge = whose if fields["purpose"] in [one.name.lower() for one in _HEDGES] else None
        parent = self._hedge_of(whose) if hedge else None
        root = self._span("order", parent, created, **fields)
        for name, start, end in (
            ("intent", created, intended),
            ("risk", intended, checked),
            ("sent", checked, note.at_ns),
        ):
            self._span(name, root, start).end(end)
        self._traced[note.key] = _Traced(root, note.at_ns, hedge)

    def _hedge_of(self, whose: tuple[str, str]) -> Span | None:
        """Return the span `hedged` below the order whose fill is being hedged."""
        span = self._hedging.get(whose)
        filled = self._filled.pop(whose, None)
        if span is None and filled is not None:
            span = self._hedging[whose] = self._span("hedged", *filled)
        return span

    def _on_arrived(self, note: _Note, traced: _Traced) -> None:
        if not traced.answered_ns:
            traced.answered_ns = note.at_ns
            self._span("acknowledged", traced.root, traced.sent_ns).end(note.at_ns)

    def _on_filled(self, note: _Note, traced: _Traced) -> None:
        self._on_arrived(note, traced)
        if len(traced.fills) >= FILLS_MAX:
            traced.fills.pop()
        traced.fills.append(note)
        if traced.hedge is None:
            whose = note.key[0], str((traced.root.attributes or {})["strategy"])
            self._filled[whose] = traced.root, note.at_ns

    def _on_ended(self, note: _Note, traced: _Traced) -> None:
        self._on_arrived(note, traced)
        if traced.fills:
            filled = self._span("filled", traced.root, traced.answered_ns)
            for one in traced.fills:
                filled.add_event("fill", dict(one.fields), one.at_ns)
            filled.end(traced.fills[-1].at_ns)
        traced.root.set_attribute("end", note.fields["end"])
        if note.fields["failed"]:
            traced.root.set_status(Status(StatusCode.ERROR, str(note.fields["reason"])))
        traced.root.end(note.at_ns)
        del self._traced[note.key]
        if traced.hedge is not None and note.fields["whole"]:
            span = self._hedging.pop(traced.hedge, None)
            if span is not None:
                span.end(note.at_ns)
