"""The tracer that the configuration asks for; nothing of it is imported unless it does."""

import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cli.settings.metrics import TracingSettings
from market.instrument import Instrument

if TYPE_CHECKING:
    from api.tracing import OrderTracer


class TracingError(OSError):
    """Traces are asked for and cannot be made; the message says what to do."""


def tracer(
    settings: TracingSettings, instruments: Sequence[Instrument], now_ns: Callable[[], int]
) -> "OrderTracer | None":
    """Return a tracer of orders, None where none is wanted; TracingError without the extra."""
    if settings.exporter == "off":
        return None
    try:
        module = importlib.import_module("api.tracing")
        sink = module.exporter(settings.exporter, settings.endpoint)
    except ModuleNotFoundError as error:
        raise TracingError(
            f"tracing.exporter is {settings.exporter}, but {error.name} is not installed:"
            " install the extra 'otel', or set it to off"
        ) from error
    made: OrderTracer = module.OrderTracer(sink, instruments, now_ns, settings.queue)
    return made
