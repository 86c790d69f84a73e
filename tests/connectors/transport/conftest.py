"""Every asynchronous test here runs over both loops; one that takes `library` over both of them."""

import asyncio
import importlib.util

import pytest
import uvloop

from connectors.transport.stream import LIBRARIES


def pytest_asyncio_loop_factories(config, item):
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=LIBRARIES)
def library(request):
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return request.param
