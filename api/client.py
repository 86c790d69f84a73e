"""The client of the control door, synchronous, for the verbs of the command line."""

import errno
import http.client
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from .address import check_path
from .errors import (
    DoorError,
    DoorPermissionError,
    DoorRefusedError,
    DoorReplyError,
    DoorTimeoutError,
    NoDaemonError,
)

#: Bytes of an answer; more is not what a daemon says.
ANSWER_BYTES_MAX = 32 << 20
TIMEOUT_SECONDS = 3.0


class DoorClient:
    """Asks the daemon whose door is at `path`; one connection, opened at need, kept between calls.

    Each wait is bounded by `timeout_seconds`. Every failure is a DoorError whose message says what
    to do. Not for use by several threads at once.
    """

    def __init__(self, path: str | Path, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self.path = Path(path)
        check_path(self.path)
        self._timeout = timeout_seconds
        self._connection: _UnixConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def status(self) -> dict[str, Any]:
        """Return the process as a whole; see `api.view.DaemonView.status`."""
        return self._object("GET", "/status")

    def books(self, levels: int) -> list[dict[str, Any]]:
        """Return every book with at most `levels` of each side."""
        return self._rows(f"/books?levels={levels}")

    def edges(self) -> dict[str, Any]:
        """Return both directions of every edge by name."""
        return self._object("GET", "/edges")

    def connections(self) -> list[dict[str, Any]]:
        """Return every connection."""
        return self._rows("/connections")

    def orders(self) -> dict[str, Any]:
        """Return the orders of each world of trading; {} where nothing trades."""
        return self._object("GET", "/orders")

    def positions(self) -> dict[str, Any]:
        """Return positions, hedges and balances of each world; {} where nothing trades."""
        return self._object("GET", "/positions")

    def risk(self) -> dict[str, Any]:
        """Return limits and the risk state of each world; {} where nothing trades."""
        return self._object("GET", "/risk")

    def pnl(self) -> dict[str, Any]:
        """Return profit and loss of each world and their band; {} where nothing trades."""
        return self._object("GET", "/pnl")

    def schedules(self) -> dict[str, Any]:
        """Return the execution schedules of each world; {} where nothing trades."""
        return self._object("GET", "/schedules")

    def command(self, name: str, argument: str) -> dict[str, Any]:
        """Give a command; returns {`accepted`, `reason`}."""
        return self._object("POST", "/command", orjson.dumps({"name": name, "argument": argument}))

    def stop(self) -> dict[str, Any]:
        """Ask the daemon to stop; returns once it has said that it will."""
        return self._object("POST", "/stop")

    def _object(self, method: str, target: str, body: bytes | None = None) -> dict[str, Any]:
        data = self._ask(method, target, body)
        if not isinstance(data, dict):
            raise DoorReplyError(
                f"{self.path}: {target} answered with something else than an object"
            )
        return data

    def _rows(self, target: str) -> list[dict[str, Any]]:
        data = self._ask("GET", target, None)
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            raise DoorReplyError(f"{self.path}: {target} answered with something else than rows")
        return data

    def _ask(self, method: str, target: str, body: bytes | None) -> Any:
        kept = self._connection is not None
        try:
            try:
                status, answer = self._exchange(method, target, body)
            except (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected):
                # A kept connection may have been closed since; a question can be asked again, a
                # command that may have arrived cannot.
                if not kept or method != "GET":
                    raise
                self.close()
                status, answer = self._exchange(method, target, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._explained(error) from None
        return self._read(status, answer)

    def _exchange(self, method: str, target: str, body: bytes | None) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = _UnixConnection(self.path, self._timeout)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        self._connection.request(method, target, body, headers)
        reply = self._connection.getresponse()
        answer = reply.read(ANSWER_BYTES_MAX + 1)
        if len(answer) > ANSWER_BYTES_MAX or reply.will_close:
            self.close()
        return reply.status, answer

    def _read(self, status: int, answer: bytes) -> Any:
        if len(answer) > ANSWER_BYTES_MAX:
            raise DoorReplyError(f"{self.path}: answered with more than {ANSWER_BYTES_MAX} bytes")
        try:
            data = orjson.loads(answer)
        except orjson.JSONDecodeError:
            if status >= 500:
                raise DoorRefusedError(
                    f"{self.path}: the daemon failed to answer (status {status}); see its log",
                    status,
                ) from None
            raise DoorReplyError(
                f"{self.path}: answered with something else than JSON; is it a crossquote daemon?"
            ) from None
        if status != 200:
            said = data.get("error") if isinstance(data, dict) else None
            raise DoorRefusedError(f"{self.path}: {said or f'status {status}'}", status)
        return data

    def _explained(self, error: OSError | http.client.HTTPException) -> DoorError:
        if isinstance(error, TimeoutError | BlockingIOError):
            return DoorTimeoutError(f"{self.path}: no answer within {self._timeout:g} s")
        if isinstance(error, PermissionError):
            return DoorPermissionError(
                f"{self.path}: permission denied; the daemon belongs to another user"
            )
        if isinstance(error, http.client.RemoteDisconnected | ConnectionError):
            return NoDaemonError(
                f"no daemon answers at {self.path}; start one with: crossquote run"
            )
        if isinstance(error, http.client.HTTPException):
            return DoorReplyError(
                f"{self.path}: answered with something else than HTTP; is it a crossquote daemon?"
            )
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return NoDaemonError(f"no daemon at {self.path}; start one with: crossquote run")
        return DoorError(f"{self.path}: {error.strerror or error}")


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect; OSError as for any socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(os.fsencode(self._path))
