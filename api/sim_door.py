"""Asks the simulated venues' own door, for routes that are about them."""

import asyncio
from typing import Any

import aiohttp
import msgspec
import orjson

from .route import RefusedError

#: A whole answer; more is not what the venues say.
ANSWER_BYTES_MAX = 4 << 20
ANSWER_SECONDS_MAX = 2.0


async def ask(socket: str, method: str, path: str, body: object = None) -> Any:
    """Return what the door at a Unix socket answers.

    RefusedError 404 where there are no simulated venues, 502 where they do not answer, and with
    their own status and words where they refuse.
    """
    if not socket:
        raise RefusedError(404, "there are no simulated venues in this mode")
    data = None if body is None else msgspec.json.encode(body)
    try:
        async with (
            asyncio.timeout(ANSWER_SECONDS_MAX),
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(socket)) as session,
            session.request(method, f"http://localhost{path}", data=data) as reply,
        ):
            told = await reply.content.read(ANSWER_BYTES_MAX)
            while more := await reply.content.read(ANSWER_BYTES_MAX - len(told)):
                told += more
            answer = orjson.loads(told)
            status = reply.status
    except (aiohttp.ClientError, OSError, TimeoutError, orjson.JSONDecodeError) as error:
        raise RefusedError(502, f"the simulated venues: {error or 'no answer in time'}") from None
    if status != 200:
        raise RefusedError(404 if status == 404 else 409, str(answer.get("error", status)))
    return answer
