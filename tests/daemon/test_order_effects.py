"""What the daemon does with an order that the node wants sent, and before it."""

import asyncio

import pytest
from msgspec.structs import replace

from cli.settings.model import Settings
from cli.settings.trading import StrategySettings
from connectors.orders import Request
from daemon import Daemon, Options
from market.effects import Effect, EffectKind
from market.inputs import NOT_SENT

REQUEST = Request("place1", "order.place", "", (("symbol", "BTCUSDT"),))
ORDER = Effect(EffectKind.ORDER, "binance", REQUEST.tag, REQUEST.fields)


class FakeDoor:
    """Keeps what it is given."""

    venue = "binance"

    def __init__(self, story):
        self._story = story

    def submit(self, request):
        self._story.append(request)

    def reconnect(self, source, why):
        self._story.append((source, why))

    async def run(self):
        await asyncio.Event().wait()


def daemon_of(folder, sync="process"):
    given = Settings(version=1)
    settings = replace(
        given,
        recording=replace(given.recording, dir=str(folder / "recordings"), sync=sync),
        trading=replace(given.trading, strategies=(StrategySettings(name="xemm"),)),
    )
    return Daemon(settings, Options({}))


@pytest.fixture
async def daemon(tmp_path):
    made = daemon_of(tmp_path)
    made.record()
    yield made
    made.close()


async def test_an_order_goes_to_the_door_of_its_venue_and_so_does_a_wish_for_a_new_stream(daemon):
    story = []
    daemon.doors["binance"] = FakeDoor(story)
    wish = Effect(EffectKind.RECONNECT, "binance.orders#3", "no answer")
    daemon._carry_out([ORDER, wish])
    assert story == [REQUEST, ("binance.orders#3", "no answer")]


async def test_an_order_without_a_door_is_told_as_never_sent(daemon):
    heard = []
    daemon.feed = heard.append
    daemon._carry_out([ORDER])
    assert heard == []
    await asyncio.sleep(0)
    assert [(one.source, one.note, one.number) for one in heard] == [
        ("binance.orders", "place1", NOT_SENT)
    ]


async def test_with_sync_disk_what_led_to_an_order_is_on_the_disk_before_it_leaves(tmp_path):
    made = daemon_of(tmp_path, "disk")
    made.record()
    story = []
    made.doors["binance"] = FakeDoor(story)
    made.recorder.flush = lambda: story.append("flush")
    made._carry_out([ORDER])
    made._carry_out([Effect(EffectKind.LOG, "binance", "x")])
    assert story == ["flush", REQUEST]
    made.close()


async def test_a_run_begins_with_the_prefix_of_its_order_ids(daemon):
    daemon.begin_run()
    prefix = daemon.node.desk.live.ids.prefix
    assert prefix.startswith("cq")
    assert len(prefix) <= 16
    daemon.begin_run()
    assert daemon.node.desk.live.ids.prefix == prefix
