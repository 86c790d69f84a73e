"""The supervised connection over real sockets, both libraries and both loops."""

import asyncio
import contextlib
from random import Random

import pytest
from websockets.exceptions import ConnectionClosed

from connectors.transport.backoff import BackoffParameters
from connectors.transport.connection import Connection, ConnectionParameters, Edge, VenuePacers
from connectors.transport.counters import Counters
from connectors.transport.epoch import EpochParameters
from connectors.transport.pacer import Pacer, Rate
from connectors.transport.stream import StreamParameters, opener
from market.inputs import InputKind
from tests.connectors.transport.venue_server import (
    CLOCK,
    DEADLINE_S,
    Inputs,
    VenueServer,
    free_port,
    raw_server,
)

STREAM = StreamParameters(open_s_max=5.0, close_s_max=0.3)
BACKOFF = BackoffParameters(first_s=0.01, longest_s=0.05)
FAST = Rate(1000, 0.001)


def parameters(
    stream=STREAM, backoff=BACKOFF, stable_s=0.0, rollover_s=0.0, overlap_s_max=10.0, **epoch
):
    epoch.setdefault("send_rate", FAST)
    return ConnectionParameters(
        stream, EpochParameters(**epoch), backoff, stable_s, rollover_s, overlap_s_max
    )


@contextlib.asynccontextmanager
async def running(library, url, chosen=None, open_stream=None, pacers=None):
    """Run a connection for the block; yields it with its inputs and counters."""
    inputs, counters = Inputs(), Counters()
    connection = Connection(
        venue="binance",
        name="binance.ws.1",
        url=url,
        sink=inputs,
        edge=Edge(open_stream or opener(library), CLOCK, counters, Random(1)),
        pacers=pacers or fast_pacers(),
        parameters=chosen or parameters(),
    )
    task = asyncio.ensure_future(connection.run())
    try:
        yield connection, inputs, counters
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        names = [other.get_coro().__qualname__ for other in asyncio.all_tasks()]
        assert not [name for name in names if name.startswith("Epoch.")]


def fast_pacers():
    return VenuePacers(Pacer((FAST,), CLOCK.monotonic_ns), Pacer((FAST,), CLOCK.monotonic_ns))


async def counted(counters, reason, times):
    """Wait until a reason was counted so often."""
    async with asyncio.timeout(DEADLINE_S):
        while counters.total(reason=reason) < times:
            await asyncio.sleep(0.001)


def story(inputs):
    """Sources and kinds without runs of frames."""
    told = []
    for item in inputs.all:
        entry = (item.kind.name, item.source.rpartition("#")[2])
        if not told or told[-1] != entry:
            told.append(entry)
    return told


async def test_inputs_are_open_then_frames_then_close(library):
    async with VenueServer() as venue, running(library, venue.url) as (_, inputs, counters):
        peer = await venue.peer(0)
        await peer.send("one")
        await peer.send("two")
        await inputs.until(lambda: len(inputs.of(InputKind.FRAME)) == 2)
    assert story(inputs) == [("OPEN", "1"), ("FRAME", "1"), ("CLOSE", "1")]
    assert [item.data for item in inputs.of(InputKind.FRAME)] == [b"one", b"two"]
    assert {item.source for item in inputs.all} == {"binance.ws.1#1"}
    assert inputs.all[0].note == venue.url
    assert inputs.all[-1].note == "stopped"
    assert counters.total("binance", "binance.ws.1", "stopped") == 1


async def test_a_server_that_comes_back_on_its_port_is_found_again(library):
    async with VenueServer() as venue, running(library, venue.url) as (_, inputs, counters):
        await (await venue.peer(0)).send("before")
        await inputs.until(lambda: inputs.of(InputKind.FRAME))
        await venue.stop()
        await counted(counters, "refused", 2)
        again = VenueServer(venue.port)
        async with again:
            await (await again.peer(0)).send("after")
            await inputs.until(lambda: len(inputs.of(InputKind.FRAME)) == 2)
    assert story(inputs)[:5] == [
        ("OPEN", "1"), ("FRAME", "1"), ("CLOSE", "1"), ("OPEN", "2"), ("FRAME", "2"),
    ]  # fmt: skip
    assert inputs.of(InputKind.CLOSE)[0].note.startswith("lost")


async def test_reconnect_ends_the_epoch_at_once_and_nothing_of_it_follows(library):
    async with VenueServer() as venue:

        async def flood(peer):
            with contextlib.suppress(ConnectionClosed):
                for _ in range(200):
                    await peer.send("x" * 100)

        venue.on_connect = flood
        async with running(library, venue.url) as (connection, inputs, counters):

            def drop(item):
                if item.kind is InputKind.FRAME and len(inputs.of(InputKind.FRAME)) in (20, 60):
                    connection.reconnect(item.source, "gap")

            inputs.on_input = drop
            await inputs.until(lambda: len(inputs.of(InputKind.OPEN)) == 3)
            await inputs.until(lambda: inputs.of(InputKind.FRAME, "binance.ws.1#3"))
            assert not connection.reconnect("binance.ws.1#1")
            assert not connection.send("binance.ws.1#1", b"late")
    closes = inputs.of(InputKind.CLOSE)
    assert [item.note for item in closes] == ["reconnect: gap", "reconnect: gap", "stopped"]
    for close in closes:
        at = inputs.all.index(close)
        assert all(item.source != close.source for item in inputs.all[at + 1 :])
    assert counters.total(reason="reconnect_after_close") == 1
    assert counters.total(reason="send_after_close") == 1


async def test_rollover_opens_and_delivers_before_the_old_one_closes_and_loses_nothing(library):
    async with VenueServer() as venue:
        number = 0

        async def broadcast():
            nonlocal number
            for peer in venue.peers:
                with contextlib.suppress(ConnectionClosed):
                    await peer.send(str(number))
            number += 1

        async with running(library, venue.url) as (connection, inputs, _):
            await venue.peer(0)
            await inputs.until(lambda: connection.sources)
            for _ in range(20):
                await broadcast()
            connection.rollover()
            await venue.peer(1)
            await inputs.until(lambda: len(connection.sources) == 2)
            for _ in range(20):
                await broadcast()
            await inputs.until(lambda: len(inputs.of(InputKind.FRAME, "binance.ws.1#2")) >= 5)
            await inputs.until(lambda: len(inputs.of(InputKind.FRAME, "binance.ws.1#1")) == 40)
            connection.ready("binance.ws.1#2")
            await inputs.until(lambda: inputs.of(InputKind.CLOSE))
            for _ in range(20):
                await broadcast()
            last = str(number - 1).encode()
            await inputs.until(lambda: inputs.all[-1].data == last)
    old = [int(i.data) for i in inputs.of(InputKind.FRAME, "binance.ws.1#1")]
    new = [int(i.data) for i in inputs.of(InputKind.FRAME, "binance.ws.1#2")]
    assert old == list(range(40))
    assert new == list(range(new[0], 60))
    assert new[0] <= old[-1] + 1
    told = story(inputs)
    assert told.index(("OPEN", "2")) < told.index(("CLOSE", "1"))
    assert inputs.of(InputKind.CLOSE)[0].note == "rollover"


async def test_an_old_connection_is_let_go_after_the_overlap_without_a_word_from_the_node(library):
    async with VenueServer() as venue:

        async def greet(peer):
            await peer.send("hello")

        venue.on_connect = greet
        chosen = parameters(rollover_s=0.05, stable_s=0.01, overlap_s_max=0.05)
        async with running(library, venue.url, chosen) as (_, inputs, counters):
            await inputs.until(lambda: len(inputs.of(InputKind.CLOSE)) >= 2)
    told = story(inputs)
    assert told.index(("OPEN", "2")) < told.index(("CLOSE", "1"))
    assert told.index(("OPEN", "3")) < told.index(("CLOSE", "2"))
    assert inputs.of(InputKind.CLOSE)[0].note == "rollover"
    assert counters.total(reason="rollover_age") >= 2


async def test_a_new_connection_that_stays_mute_is_given_up_and_the_old_one_kept(library):
    async with VenueServer() as venue:

        async def greet(peer):
            if len(venue.peers) in (1, 3):
                await peer.send("hello")

        venue.on_connect = greet
        async with running(library, venue.url, parameters(overlap_s_max=0.1)) as (
            connection,
            inputs,
            _,
        ):
            await inputs.until(lambda: inputs.of(InputKind.FRAME))
            connection.rollover()
            await inputs.until(lambda: len(inputs.of(InputKind.CLOSE)) == 2)
    closes = [(item.source[-1], item.note.partition(":")[0]) for item in inputs.of(InputKind.CLOSE)]
    assert closes[:2] == [("2", "not_delivering"), ("1", "rollover")]
    assert ("OPEN", "3") in story(inputs)


async def test_an_announced_shutdown_rolls_over_at_once(library):
    frame = '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}'
    async with VenueServer() as venue:
        chosen = parameters(shutdown_mark=b'"serverShutdown"', overlap_s_max=0.05)
        async with running(library, venue.url, chosen) as (_, inputs, counters):
            peer = await venue.peer(0)
            await peer.send("data")
            await peer.send(frame)
            await (await venue.peer(1)).send("data")
            await inputs.until(lambda: inputs.of(InputKind.CLOSE))
    told = story(inputs)
    assert told.index(("OPEN", "2")) < told.index(("CLOSE", "1"))
    assert frame.encode() in [item.data for item in inputs.of(InputKind.FRAME)]
    assert counters.total(reason="server_shutdown") == 1


async def test_an_old_connection_that_dies_while_the_new_one_opens_is_closed_by_name(library):
    async with VenueServer() as venue:
        gate = asyncio.Event()
        real = opener(library)
        attempts = 0

        async def open_stream(*arguments):
            nonlocal attempts
            attempts += 1
            if attempts == 2:
                await gate.wait()
            return await real(*arguments)

        async with running(library, venue.url, open_stream=open_stream) as (
            connection,
            inputs,
            _,
        ):
            peer = await venue.peer(0)
            await inputs.until(lambda: connection.sources)
            connection.rollover()
            await peer.close(1012, "restart")
            await inputs.until(lambda: inputs.of(InputKind.CLOSE))
            gate.set()
            await (await venue.peer(1)).send("new")
            await inputs.until(lambda: inputs.of(InputKind.FRAME))
            assert connection.sources == ("binance.ws.1#2",)
    assert story(inputs)[:4] == [("OPEN", "1"), ("CLOSE", "1"), ("OPEN", "2"), ("FRAME", "2")]
    assert inputs.of(InputKind.CLOSE)[0].note == "close_1012: restart"


async def test_silence_after_frames_ends_the_epoch(library):
    async with VenueServer() as venue:
        chosen = parameters(silence_s_max=0.1)
        async with running(library, venue.url, chosen) as (_, inputs, counters):
            await (await venue.peer(0)).send("then nothing")
            await inputs.until(lambda: len(inputs.of(InputKind.OPEN)) == 2)
    assert inputs.of(InputKind.CLOSE)[0].note == "silent: nothing heard for 0.1 s"
    assert counters.total(reason="silent") >= 1


@pytest.mark.parametrize("pings_count", [False, True])
async def test_pings_are_a_sign_of_life_only_where_the_venue_sends_them(library, pings_count):
    answered = 0

    async def ping(peer):
        nonlocal answered
        await peer.send("subscribed")
        with contextlib.suppress(ConnectionClosed):
            # Where pings count they end some time, where they do not they never do.
            while answered < 40 or not pings_count:
                await (await peer.ping())
                answered += 1
                await asyncio.sleep(0.01)

    async with VenueServer() as venue:
        venue.on_connect = ping
        chosen = parameters(silence_s_max=0.2, pings_count=pings_count)
        async with running(library, venue.url, chosen) as (_, inputs, _):
            await inputs.until(lambda: inputs.of(InputKind.CLOSE))
            assert answered >= 40 or not pings_count
    assert inputs.of(InputKind.CLOSE)[0].note.startswith("silent")


async def test_a_half_open_socket_is_replaced(library):
    """The venue accepts, shakes hands, sends one frame and is never heard again."""
    from tests.connectors.transport.test_stream import _upgrade

    gone = asyncio.Event()
    arrivals = []

    async def handle(reader, writer):
        arrivals.append(await _upgrade(reader, writer, b"\x81\x05hello"))
        await gone.wait()

    async with raw_server(handle) as port:
        chosen = parameters(silence_s_max=0.1)
        async with running(library, f"ws://127.0.0.1:{port}", chosen) as (_, inputs, _):
            await inputs.until(lambda: len(inputs.of(InputKind.OPEN)) >= 3)
        gone.set()
    assert [i.note.partition(":")[0] for i in inputs.of(InputKind.CLOSE)][:2] == ["silent"] * 2


async def test_nothing_expected_means_no_silence(library):
    async with VenueServer() as venue:
        chosen = parameters(silence_s_max=0.02)
        async with running(library, venue.url, chosen) as (connection, inputs, counters):
            await inputs.until(lambda: connection.sources)
            await asyncio.sleep(0.2)
            assert counters.total(reason="silent") == 0
            connection.send("binance.ws.1#1", b"subscribe")
            await inputs.until(lambda: inputs.of(InputKind.CLOSE))
    assert counters.total(reason="silent") >= 1


async def test_an_epoch_that_sends_nothing_by_its_deadline_ends(library):
    async with VenueServer() as venue:
        chosen = parameters(subscribe_s_max=0.05)
        async with running(library, venue.url, chosen) as (_, inputs, _):
            await inputs.until(lambda: inputs.of(InputKind.CLOSE))
    assert inputs.of(InputKind.CLOSE)[0].note.startswith("subscribe_late")


async def test_frames_sent_while_open_is_handled_arrive_in_order(library):
    async with VenueServer() as venue, running(library, venue.url) as (connection, inputs, _):

        def subscribe(item):
            if item.kind is InputKind.OPEN:
                for number in range(5):
                    connection.send(item.source, str(number).encode())

        inputs.on_input = subscribe
        await venue.until(lambda: venue.received and len(venue.received[0]) == 5)
    assert venue.received[0] == ["0", "1", "2", "3", "4"]


async def test_sends_keep_the_rate_of_the_venue(library):
    rate = Rate(2, 0.1)
    clock_ns = []

    async with VenueServer() as venue:
        granted = VenuePacers(
            Pacer((FAST,), CLOCK.monotonic_ns), Pacer((rate,), CLOCK.monotonic_ns)
        )
        async with running(library, venue.url, pacers=granted) as (connection, inputs, _):
            await inputs.until(lambda: connection.sources)
            started_ns = CLOCK.monotonic_ns()
            for number in range(7):
                connection.send("binance.ws.1#1", str(number).encode())
            await venue.until(lambda: venue.received and len(venue.received[0]) == 7)
            clock_ns.append(CLOCK.monotonic_ns() - started_ns)
    # Seven at two a window need three whole windows; waiting longer is never wrong.
    assert clock_ns[0] >= 300_000_000


async def test_a_full_send_queue_ends_the_epoch(library):
    async with VenueServer() as venue:
        chosen = parameters(send_queue_max=3)
        async with running(library, venue.url, chosen) as (connection, inputs, _):
            await inputs.until(lambda: connection.sources)
            taken = [connection.send("binance.ws.1#1", b"x") for _ in range(3)]
            assert connection.waiting == 3
            taken.append(connection.send("binance.ws.1#1", b"x"))
            assert taken == [True, True, True, False]
            assert connection.waiting == 0
            await inputs.until(lambda: len(inputs.of(InputKind.OPEN)) == 2)
    assert inputs.of(InputKind.CLOSE)[0].note == "send_queue_full: 3 frames"


async def test_a_venue_that_is_down_delays_no_other(library):
    never = asyncio.Event()

    async def mute(reader, writer):
        await never.wait()

    async with raw_server(mute) as dead, VenueServer() as venue:
        slow = parameters(stream=StreamParameters(open_s_max=15.0, close_s_max=0.3))
        async with running(library, f"ws://127.0.0.1:{dead}", slow) as (down, _, _):
            async with running(library, venue.url) as (_, inputs, _):
                for count in range(3):
                    await (await venue.peer(count)).send("x")
                    await inputs.until(lambda n=count: len(inputs.of(InputKind.FRAME)) > n)
                    venue.peers[count].transport.abort()
            assert down.sources == ()
        never.set()


async def test_refused_attempts_back_off_and_are_counted():
    url = f"ws://127.0.0.1:{await free_port()}"
    async with running("websockets", url) as (connection, inputs, counters):
        await counted(counters, "refused", 4)
        assert connection.sources == ()
    assert inputs.all == []


async def test_stopping_in_the_middle_of_an_attempt_leaves_nothing(library):
    never = asyncio.Event()
    arrived = asyncio.Event()

    async def mute(reader, writer):
        arrived.set()
        await never.wait()

    async with raw_server(mute) as port:
        async with running(library, f"ws://127.0.0.1:{port}") as (_, inputs, _):
            await arrived.wait()
        never.set()
    assert inputs.all == []
