"""The WebSocket at /v1/stream: what a client asks, in JSON, and the way to its end.

{"op": "subscribe", "channels": ["quotes", …], "keys": ["BTC-USDT.BINANCE", …]}
{"op": "unsubscribe", "channels": […], "keys": […]}      without keys: all there are
{"op": "ping"}

Answers have the `type` subscribed, unsubscribed, pong or error; `id` of a question is repeated.
"""

import asyncio
from time import monotonic
from typing import Annotated, Literal, TypeAlias

import msgspec
import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from .channels import pong_frame, text_frame
from .gate import Gate
from .limits import Rates
from .route import RefusedError, Scope
from .stream import PERIOD_SECONDS, Stream, StreamFullError, UnknownKeyError
from .stream_client import StreamClient, bounded

PATH = "/v1/stream"
#: What a client offers that gives its token among the protocols.
PROTOCOL = "crossquote.v1"
QUESTION_BYTES_MAX = 16 * 1024
QUESTIONS_PER_SECOND = 20.0
#: For so long a close waits for the client's.
CLOSE_SECONDS_MAX = 0.5
#: Snapshots that are sent in one step.
_SNAPSHOTS_A_STEP = 4

Sockets: TypeAlias = dict[web.WebSocketResponse, None]


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a client asks."""

    op: Literal["subscribe", "unsubscribe", "ping"]
    channels: Annotated[tuple[str, ...], msgspec.Meta(max_length=16)] = ()
    keys: Annotated[tuple[str, ...], msgspec.Meta(max_length=256)] | None = None
    id: int = 0


def add_stream(app: web.Application, stream: Stream, gate: Gate) -> None:
    """Serve the stream to whom the gate lets in; closes every client at the application's end."""
    sockets: Sockets = {}

    async def handle(request: web.Request) -> web.StreamResponse:
        gate.admit(request, Scope.READ, changes=False)
        return await _serve(request, stream, sockets)

    async def close(_: web.Application) -> None:
        left = list(sockets)
        await asyncio.gather(*(one.close(code=WSCloseCode.GOING_AWAY) for one in left))

    app.router.add_get(PATH, handle, allow_head=False)
    app.on_shutdown.append(close)


async def _serve(request: web.Request, stream: Stream, sockets: Sockets) -> web.StreamResponse:
    socket = web.WebSocketResponse(
        timeout=CLOSE_SECONDS_MAX,
        # Only the stream writes, so that nothing comes between the parts of a message.
        autoping=False,
        max_msg_size=QUESTION_BYTES_MAX,
        compress=False,
        protocols=(PROTOCOL,),
    )
    if not socket.can_prepare(request):
        raise RefusedError(426, "this is a WebSocket", {"Upgrade": "websocket"})
    if stream.full:
        raise RefusedError(503, "too many clients are there; try later")
    await socket.prepare(request)
    client = StreamClient(_number(request))
    try:
        stream.join(client)
    except StreamFullError as error:
        client.close()
        await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=str(error).encode())
        return socket
    sockets[socket] = None
    try:
        await _listen(socket, client, stream)
    finally:
        stream.leave(client)
        sockets.pop(socket, None)
    return socket


def _number(request: web.Request) -> int:
    """Return the file descriptor of a connection, whose buffer in the kernel is bounded here."""
    if request.transport is None:
        raise ConnectionResetError("the client went away")
    end = request.transport.get_extra_info("socket")
    bounded(end)
    number: int = end.fileno()
    return number


async def _listen(socket: web.WebSocketResponse, client: StreamClient, stream: Stream) -> None:
    """Answer until the client goes."""
    rates = Rates(QUESTIONS_PER_SECOND, monotonic)
    async for message in socket:
        stream.heard(client)
        if message.type is WSMsgType.PONG:
            continue
        if message.type not in (WSMsgType.TEXT, WSMsgType.PING):
            await socket.close(code=WSCloseCode.UNSUPPORTED_DATA, message=b"text is expected")
            return
        try:
            rates.take("client")
            if message.type is WSMsgType.PING:
                stream.tell(client, pong_frame(message.data))
                continue
            question = msgspec.json.decode(message.data, type=Question)
            await _answer(question, client, stream)
        except RefusedError as error:
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=str(error).encode())
            return
        except (msgspec.DecodeError, UnknownKeyError) as error:
            stream.tell(client, _said(type="error", error=str(error)[:500]))


async def _answer(question: Question, client: StreamClient, stream: Stream) -> None:
    if question.op == "ping":
        stream.tell(client, _said(type="pong", id=question.id))
        return
    if not question.channels:
        raise UnknownKeyError("channels: name at least one")
    keys = stream.select(question.channels, question.keys)
    if question.op == "unsubscribe":
        stream.unsubscribe(client, keys)
        stream.tell(client, _said(type="unsubscribed", id=question.id, keys=len(keys)))
        return
    stream.tell(client, _said(type="subscribed", id=question.id, keys=len(keys)))
    for at in range(0, len(keys), _SNAPSHOTS_A_STEP):
        while client.full:
            await asyncio.sleep(PERIOD_SECONDS)
        stream.subscribe(client, keys[at : at + _SNAPSHOTS_A_STEP])
        await asyncio.sleep(0)


def _said(**fields: str | int) -> bytes:
    return text_frame(orjson.dumps(fields))
