"""The running daemon keeps what its description of the API promises, whatever it is asked."""

import asyncio
from urllib.request import urlopen

import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from api.openapi import describe
from api.table import ROUTES
from tests.daemon.process import DaemonProcess

SETTINGS = """
trading:
  manual: true
  strategies: [{name: xemm, keys: {size: '0.05', margin_bps: '0'}}]
"""
EXAMPLES = 2

# The daemon must live on: an end is asked for elsewhere.
DESCRIBED = [one for one in ROUTES if one.name != "stopDaemon"]
schema = schemathesis.openapi.from_dict(describe(DESCRIBED, "test"))


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Return where a daemon with simulated venues serves its API."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSQUOTE__API__REQUESTS_PER_SECOND", "1000000")
        with DaemonProcess(tmp_path_factory.mktemp("daemon"), SETTINGS) as process:
            asyncio.run(process.live())
            yield process.status()["api"]


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_route_answers_as_it_is_described(case, address):
    case.call_and_validate(base_url=address, headers={"X-Crossquote": "1"})


def test_the_description_that_is_served_is_that_of_all_routes(address):
    with urlopen(f"{address}/openapi.json") as reply:
        served = orjson.loads(reply.read())
    described = orjson.loads(orjson.dumps(describe(ROUTES, served["info"]["version"])))
    assert served == described
    assert len(served["paths"]) >= 30
