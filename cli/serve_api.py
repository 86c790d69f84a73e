"""Opens the doors of a running daemon: the Unix socket, and the API's port."""

import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from api.api import Api, Mount
from api.audit_log import AuditLog
from api.door import Door
from api.errors import DoorTakenError
from api.gate import PublicGate, is_loopback
from api.host import Host
from api.limits import Rates
from api.port import Port, check_guarded
from api.tokens import Tokens
from cli.settings import Settings
from connectors.transport.stream import MEBIBYTE


async def open_api(
    stack: AsyncExitStack, host: Host, settings: Settings, mounts: Iterable[Mount] = ()
) -> str:
    """Open both doors, to be closed with the stack; returns where the API is, '' where it is not.

    A daemon whose port is taken runs on without it and says so. Raises DoorError for the Unix door,
    and for a port that may not be opened.
    """
    given = settings.api
    audit = AuditLog(
        Path(given.audit_file), given.audit_max_mb * MEBIBYTE, given.audit_keep, host.now_ns
    )
    api = Api(host, audit, mounts)
    door = Door(host.view, settings.control.socket, api)
    await door.start()
    stack.push_async_callback(door.stop)
    api.start()
    stack.push_async_callback(api.stop)
    if not given.enabled:
        return ""
    tokens = Tokens(Path(given.tokens_file))
    check_guarded(given.host, tokens=tokens.any)
    gate = PublicGate(
        tokens,
        Rates(given.requests_per_second, time.monotonic),
        audit,
        (given.host, *given.hosts),
        loopback=is_loopback(given.host),
    )
    port = Port(api, gate, given.host, given.port)
    try:
        await port.start()
    except DoorTakenError as error:
        structlog.get_logger().error("the API is not served", reason=str(error))
        return ""
    stack.push_async_callback(port.stop)
    return port.address
