"""Servers on loopback that behave as venues do, well or badly, for the tests of the transports."""

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from connectors.transport.clock import StampClock

DEADLINE_S = 20.0


class VenueServer:
    """A WebSocket server whose sockets a test holds in its hands.

    `peers` are the connections in order of arrival, `received` the frames of each.
    """

    def __init__(self, port=0, **options):
        self.port = port
        self.options = options
        self.peers = []
        self.received = []
        self.changed = asyncio.Condition()
        self.on_connect = None

    async def __aenter__(self):
        await self.start()
        return self

    async def __aexit__(self, *exc):
        await self.stop()

    async def start(self):
        options = {"ping_interval": None, "compression": None, "max_size": None, **self.options}
        self.server = await serve(self._serve, "127.0.0.1", self.port, **options)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self):
        for peer in self.peers:
            peer.transport.abort()
        self.server.close()
        await self.server.wait_closed()

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/ws"

    async def _serve(self, peer):
        frames = []
        self.peers.append(peer)
        self.received.append(frames)
        await self._tell()
        if self.on_connect is not None:
            await self.on_connect(peer)
        with contextlib.suppress(ConnectionClosed):
            async for message in peer:
                frames.append(message)
                await self._tell()

    async def _tell(self):
        async with self.changed:
            self.changed.notify_all()

    async def until(self, condition):
        async with asyncio.timeout(DEADLINE_S), self.changed:
            await self.changed.wait_for(condition)

    async def peer(self, index):
        await self.until(lambda: len(self.peers) > index)
        return self.peers[index]


class Heard:
    """A listener that remembers; `until` waits for what it heard."""

    def __init__(self):
        self.frames = []
        self.stamps = []
        self.pings = 0
        self.opens = 0
        self.closes = []
        self.stream = None
        self._changed = asyncio.Event()

    def on_open(self, stream, recv_ns):
        self.opens += 1
        self.stream = stream
        self._changed.set()

    def on_frame(self, data, recv_ns):
        self.frames.append(data)
        self.stamps.append(recv_ns)
        self._changed.set()

    def on_ping(self, recv_ns):
        self.pings += 1
        self._changed.set()

    def on_close(self, close, recv_ns):
        self.closes.append(close)
        self._changed.set()

    async def until(self, condition):
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


class Inputs:
    """A sink that remembers inputs; `on_input` may answer as a node would."""

    def __init__(self):
        self.all = []
        self.on_input = None
        self._changed = asyncio.Event()

    def __call__(self, item):
        self.all.append(item)
        if self.on_input is not None:
            self.on_input(item)
        self._changed.set()

    def of(self, kind, source=None):
        return [i for i in self.all if i.kind is kind and source in (None, i.source)]

    async def until(self, condition):
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@contextlib.asynccontextmanager
async def raw_server(handle):
    """A TCP server; yields its port."""
    writers = []

    async def serve_one(reader, writer):
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await handle(reader, writer)

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()
        # Aborted transports close in the next turn of the loop.
        await asyncio.sleep(0)


async def free_port():
    """A port on which nothing listens."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


def certificate(folder: Path):
    """Write a self-signed certificate for 127.0.0.1; return the server's context and its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "venue")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "venue.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, path


CLOCK = StampClock()
