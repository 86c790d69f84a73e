"""OKX spot: a venue that the project does not ship, as a worked example of adding one."""

from connectors.registry import register
from examples.okx.venue import OkxVenue
from market.fees import Fees


def install() -> None:
    """Make the venue known; fees are those of its lowest tier, in parts per billion."""
    register(OkxVenue.name, OkxVenue, "OKX", Fees(maker_ppb=800_000, taker_ppb=1_000_000))
