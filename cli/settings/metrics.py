"""The keys of the section `metrics`."""

from typing import Annotated

from msgspec import Struct

from .kinds import whole


class MetricsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is measured for Prometheus; counters and gauges always are."""

    sample_every: Annotated[
        int,
        whole(
            "one of so many frames is measured stage by stage, 0 for none", 0, 1_000_000, "frames"
        ),
    ] = 16
