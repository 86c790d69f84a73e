"""Both libraries behind the Stream interface, over real sockets and both loops."""

import asyncio
import ssl

import pytest

from connectors.transport.stream import StreamError, StreamParameters, close_of, opener
from tests.connectors.transport.venue_server import (
    CLOCK,
    Heard,
    VenueServer,
    certificate,
    free_port,
    raw_server,
)

MEBIBYTE = 1 << 20
PARAMETERS = StreamParameters(open_s_max=5.0, close_s_max=0.3)


async def connect(library, url, heard, parameters=PARAMETERS, tls=None):
    return await opener(library)(url, heard, CLOCK.now_ns, parameters, tls)


async def test_frames_arrive_in_order_with_growing_stamps(library):
    before_ns = CLOCK.now_ns()
    async with VenueServer() as venue:
        heard = Heard()
        stream = await connect(library, venue.url, heard)
        peer = await venue.peer(0)
        for number in range(500):
            await peer.send(str(number) if number % 2 else str(number).encode())
        await heard.until(lambda: len(heard.frames) == 500)
        await stream.close()
    assert heard.frames == [str(number).encode() for number in range(500)]
    assert all(type(frame) is bytes for frame in heard.frames)
    assert before_ns <= heard.stamps[0]
    assert heard.stamps == sorted(heard.stamps)
    assert heard.stamps[-1] <= CLOCK.now_ns()
    assert heard.opens == 1
    assert [close.name for close in heard.closes] == ["close_1000"]


async def test_a_frame_of_20_mb_arrives_whole(library):
    body = bytes(range(256)) * (20 * MEBIBYTE // 256)
    async with VenueServer() as venue:
        heard = Heard()
        stream = await connect(library, venue.url, heard)
        await (await venue.peer(0)).send(body)
        await heard.until(lambda: heard.frames)
        await stream.close()
    assert heard.frames == [body]


async def test_a_fragmented_message_arrives_as_one_frame(library):
    async with VenueServer() as venue:
        heard = Heard()
        stream = await connect(library, venue.url, heard)
        peer = await venue.peer(0)
        await peer.send([b"one ", b"", b"two ", b"three"])
        await peer.send(b"next")
        await heard.until(lambda: len(heard.frames) == 2)
        await stream.close()
    assert heard.frames == [b"one two three", b"next"]


async def test_sent_frames_arrive_as_text(library):
    async with VenueServer() as venue:
        heard = Heard()
        stream = await connect(library, venue.url, heard)
        stream.send(b'{"method":"SUBSCRIBE"}')
        heard.stream.send(b"second")
        await venue.until(lambda: venue.received and len(venue.received[0]) == 2)
        await stream.close()
        with pytest.raises(StreamError, match="not_open"):
            stream.send(b"too late")
    assert venue.received[0] == ['{"method":"SUBSCRIBE"}', "second"]


async def test_a_ping_is_answered_with_its_payload_and_told(library):
    async with VenueServer() as venue:
        heard = Heard()
        stream = await connect(library, venue.url, heard)
        async with asyncio.timeout(10):
            await (await (await venue.peer(0)).ping(b"1770123456789"))
        await heard.until(lambda: heard.pings == 1)
        await stream.close()
    assert heard.frames == []


@pytest.mark.parametrize("fragmented", [False, True])
async def test_an_oversized_message_is_a_configuration_error(library, fragmented):
    parameters = StreamParameters(close_s_max=0.3, message_bytes_max=1000)
    async with VenueServer() as venue:
        heard = Heard()
        stream = await connect(library, venue.url, heard, parameters)
        peer = await venue.peer(0)
        await peer.send([b"x" * 600, b"y" * 401] if fragmented else b"x" * 1001)
        await heard.until(lambda: heard.closes)
        await peer.wait_closed()
        await stream.close()
    assert heard.frames == []
    assert [close.name for close in heard.closes] == ["close_1009_configuration"]
    assert "configuration error" in str(heard.closes[0])
    assert peer.close_code == 1009


@pytest.mark.parametrize(
    ("code", "name"), [(1001, "close_1001"), (1012, "close_1012"), (4321, "close_other")]
)
async def test_the_venues_close_code_is_kept_as_the_reason(library, code, name):
    async with VenueServer() as venue:
        heard = Heard()
        stream = await connect(library, venue.url, heard)
        peer = await venue.peer(0)
        await peer.close(code, "maintenance")
        await heard.until(lambda: heard.closes)
        await stream.close()
    assert [(close.name, close.code, close.text) for close in heard.closes] == [
        (name, code, "maintenance")
    ]


async def test_a_connection_that_is_cut_is_lost(library):
    async with VenueServer() as venue:
        heard = Heard()
        stream = await connect(library, venue.url, heard)
        (await venue.peer(0)).transport.abort()
        await heard.until(lambda: heard.closes)
        await stream.close()
        await stream.close()
    assert [(close.name, close.code) for close in heard.closes] == [("lost", 1006)]


async def _upgrade(reader, writer, body=b""):
    """Answer a handshake by hand, with `body` in the same write."""
    import base64
    import hashlib

    request = await reader.readuntil(b"\r\n\r\n")
    key = next(
        line.split(b":", 1)[1].strip()
        for line in request.split(b"\r\n")
        if line.lower().startswith(b"sec-websocket-key:")
    )
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n" + body
    )
    return request


async def test_a_frame_beside_the_handshake_comes_after_open(library):
    seen = []

    class Order(Heard):
        def on_open(self, stream, recv_ns):
            super().on_open(stream, recv_ns)
            seen.append("open")

        def on_frame(self, data, recv_ns):
            super().on_frame(data, recv_ns)
            seen.append(data)

    async def handle(reader, writer):
        await _upgrade(reader, writer, b"\x81\x05hello")
        await reader.read()

    heard = Order()
    async with raw_server(handle) as port:
        stream = await connect(library, f"ws://127.0.0.1:{port}", heard)
        await heard.until(lambda: heard.frames)
        await stream.close()
    assert seen == ["open", b"hello"]


async def test_compression_is_not_offered_and_a_compressed_frame_is_a_fault(library):
    requests = []

    async def handle(reader, writer):
        requests.append(await _upgrade(reader, writer, b"\xc1\x01x"))
        await reader.read()

    heard = Heard()
    async with raw_server(handle) as port:
        stream = await connect(library, f"ws://127.0.0.1:{port}", heard)
        await heard.until(lambda: heard.closes)
        await stream.close()
    assert b"permessage-deflate" not in requests[0].lower()
    assert [close.name for close in heard.closes] == ["protocol_error"]
    assert heard.frames == []


async def test_closing_a_half_open_socket_ends_by_itself(library):
    gone = asyncio.Event()

    async def handle(reader, writer):
        await _upgrade(reader, writer)
        await gone.wait()

    heard = Heard()
    async with raw_server(handle) as port:
        stream = await connect(library, f"ws://127.0.0.1:{port}", heard)
        async with asyncio.timeout(10):
            await stream.close()
        gone.set()
    assert len(heard.closes) == 1


async def test_a_full_write_buffer_refuses_the_frame(library):
    gone = asyncio.Event()

    async def handle(reader, writer):
        await _upgrade(reader, writer)
        await gone.wait()

    heard = Heard()
    parameters = StreamParameters(close_s_max=0.2, write_bytes_max=1000)
    async with raw_server(handle) as port:
        stream = await connect(library, f"ws://127.0.0.1:{port}", heard, parameters)
        refusal = None
        for _ in range(200):
            try:
                stream.send(b"x" * MEBIBYTE)
            except StreamError as error:
                refusal = error.name
                break
        assert refusal == "write_buffer_full"
        await stream.close()
        gone.set()


async def test_a_refused_connection_is_named(library):
    url = f"ws://127.0.0.1:{await free_port()}"
    with pytest.raises(StreamError) as caught:
        await connect(library, url, Heard())
    assert caught.value.name == "refused"


async def test_a_silent_server_times_out(library):
    gone = asyncio.Event()

    async def handle(reader, writer):
        await gone.wait()

    heard = Heard()
    async with raw_server(handle) as port:
        with pytest.raises(StreamError) as caught:
            await connect(
                library, f"ws://127.0.0.1:{port}", heard, StreamParameters(open_s_max=0.2)
            )
        gone.set()
    assert caught.value.name == "open_timeout"
    assert heard.opens == 0
    assert heard.closes == []


@pytest.mark.parametrize(
    ("reply", "name", "retry_after_s"),
    [
        (b"429 Too Many Requests\r\nRetry-After: 7", "http_429", 7.0),
        (b"418 Banned\r\nRetry-After: soon", "http_418", 0.0),
        (b"302 Found\r\nLocation: ws://127.0.0.1:1/", "http_status", 0.0),
        (b"500 Oops", "http_status", 0.0),
    ],
)
async def test_a_refused_handshake_is_named_and_redirects_are_not_followed(
    library, reply, name, retry_after_s
):
    async def handle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + reply + b"\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    async with raw_server(handle) as port:
        with pytest.raises(StreamError) as caught:
            await connect(library, f"ws://127.0.0.1:{port}", Heard())
    assert caught.value.name == name
    assert caught.value.retry_after_s == retry_after_s


@pytest.mark.parametrize("reply", [b"not http at all\r\n\r\n", b""])
async def test_nonsense_instead_of_a_handshake_is_named(library, reply):
    async def handle(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        writer.close()

    async with raw_server(handle) as port:
        with pytest.raises(StreamError) as caught:
            await connect(library, f"ws://127.0.0.1:{port}", Heard())
    assert caught.value.name in ("handshake", "lost")


async def test_an_unknown_certificate_is_refused_and_a_known_one_works(library, tmp_path):
    context, path = certificate(tmp_path)
    async with VenueServer(ssl=context) as venue:
        url = venue.url.replace("ws://", "wss://")
        with pytest.raises(StreamError) as caught:
            await connect(library, url, Heard())
        assert caught.value.name == "tls"
        heard = Heard()
        stream = await connect(library, url, heard, tls=ssl.create_default_context(cafile=path))
        await (await venue.peer(0)).send("secure")
        await heard.until(lambda: heard.frames)
        await stream.close()
    assert heard.frames == [b"secure"]


async def test_a_cancelled_attempt_leaves_no_socket(library):
    arrived = asyncio.Event()
    ended = asyncio.Event()

    async def handle(reader, writer):
        arrived.set()
        while await reader.read(1000):
            pass
        ended.set()

    async with raw_server(handle) as port:
        task = asyncio.ensure_future(connect(library, f"ws://127.0.0.1:{port}", Heard()))
        async with asyncio.timeout(10):
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await ended.wait()


def test_an_unknown_library_is_refused_by_name():
    with pytest.raises(ValueError, match="websockets, picows"):
        opener("wsproto")


def test_close_codes_have_a_bounded_set_of_names():
    names = {close_of(code, "", ours=ours).name for code in range(5000) for ours in (False, True)}
    assert len(names) < 20
