"""Routes about the process: status, configuration, the description of the API, an end."""

from .route import Call, Route
from .schemas import Report, Stopping


def _status(call: Call) -> Report:
    return call.host.view.status()


def _config(call: Call) -> Report:
    return call.host.config()


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
