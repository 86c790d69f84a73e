"""Routes about the process: status, configuration, latency, an end."""

from market.histogram import Histogram

from .route import Call, Route
from .schemas import Latency, Report, Spread, Stopping


def _status(call: Call) -> Report:
    return call.host.view.status()


def _config(call: Call) -> Report:
    return call.host.config()


def _latency(call: Call) -> Latency:
    host = call.host
    node = host.node
    return {
        "loop_lag_ns": host.loop_lag_ns(),
        "venues": host.clocks(),
        "instruments": {
            one.id: {"lag_ns": node.l1.lag(slot), "silence_ns": _silence(call, slot)}
            for slot, one in enumerate(node.instruments)
        },
        "stages": {
            venue: {stage: _spread(held) for stage, held in rows.items() if held.count}
            for venue, rows in host.stages().items()
        },
        "api": host.timing.spread(),
    }


def _spread(held: Histogram) -> Spread:
    return {
        "samples": held.count,
        "p50_ns": held.quantile(0.5),
        "p99_ns": held.quantile(0.99),
        "max_ns": held.max,
    }


def _silence(call: Call, slot: int) -> int | None:
    found = call.host.node.l1.read(slot, call.now_ns).silence_ns
    return found if found >= 0 else None


def _stop(call: Call) -> Stopping:
    call.host.view.stop()
    return {"stopping": True}


ROUTES = (
    Route("GET", "/v1/status", "getStatus", "The process as a whole", Report, _status, "system"),
    Route(
        "GET",
        "/v1/config",
        "getConfig",
        "The configuration in force, secrets masked",
        Report,
        _config,
        "system",
    ),
    Route(
        "GET",
        "/v1/latency",
        "getLatency",
        "How late data, the event loop and answers are",
        Latency,
        _latency,
        "system",
    ),
    Route(
        "POST",
        "/v1/stop",
        "stopDaemon",
        "Stop the daemon gracefully",
        Stopping,
        _stop,
        "system",
        changes=True,
    ),
)
