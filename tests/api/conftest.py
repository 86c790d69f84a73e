"""An open door for each test, on a real socket."""

import pytest

from api.door import Door

from .fake_view import FakeView


@pytest.fixture
def view():
    return FakeView()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "door.sock"


@pytest.fixture
async def door(view, path):
    opened = Door(view, path)
    await opened.start()
    yield opened
    await opened.stop()
