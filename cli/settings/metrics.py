"""The keys of the sections `metrics` and `tracing`."""

from typing import Annotated, Literal

from msgspec import Struct

from .kinds import text, whole


class MetricsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is measured for Prometheus; counters and gauges always are."""

    sample_every: Annotated[
        int,
        whole(
            "one of so many frames is measured stage by stage, 0 for none", 0, 1_000_000, "frames"
        ),
    ] = 17


class TracingSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Traces of orders; they need the optional extra `otel`."""

    exporter: Annotated[
        Literal["off", "console", "otlp"],
        text("where traces go: nowhere, standard error, or a collector"),
    ] = "off"
    endpoint: Annotated[str, text("of the collector, OTLP over HTTP", "rest_url")] = (
        "http://127.0.0.1:4318/v1/traces"
    )
    queue: Annotated[int, whole("spans that may wait to be sent", 1, 1_000_000)] = 2_048
