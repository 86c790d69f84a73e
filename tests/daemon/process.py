"""The daemon as a process of its own, spoken to through its door."""

import os
import signal
from pathlib import Path

from api.client import DoorClient
from api.errors import DoorError

from .nursery import nursery
from .running import until


def paper(served) -> str:
    """Return the settings of mode paper against a world that is served elsewhere."""
    lines = "".join(
        f"  {name}: {{urls: {{ws: '{server.ws_url}', rest: '{server.http_url}'}}}}\n"
        for name, server in (("binance", served.binance), ("coinbase", served.coinbase))
    )
    return f"mode: paper\nvenues:\n{lines}"


class DaemonProcess:
    """`crossquote run` in a folder that holds all it needs. Leaving the block kills what is left.

    `settings` are lines of its config.yaml besides paths, which are within the folder.
    """

    def __init__(self, folder: Path, settings: str = "", *arguments: str):
        self.folder = folder
        self.recordings = folder / "recordings"
        self.socket = folder / "door.sock"
        self.table = folder / "table.l2"
        folder.mkdir(exist_ok=True)
        (folder / "config.yaml").write_text(
            "version: 1\n"
            f"recording: {{dir: {self.recordings}, segment_mb: 4}}\n"
            f"control: {{socket: {self.socket}}}\n"
            f"l2: {{path: {self.table}}}\n"
            "api: {port: 0}\n"
            "log: {file: '', format: json}\n" + settings
        )
        self._arguments = arguments
        self._process = None
        self._out, self._errors = folder / "out.txt", folder / "errors.txt"
        self.door = DoorClient(self.socket)

    def __enter__(self):
        self._out.unlink(missing_ok=True)
        words = ("run", "--json", *self._arguments)
        self._process = nursery().start(self.folder, *words, environment=dict(os.environ))
        return self

    def __exit__(self, kind, error, trace):
        self.door.close()
        self._process.signal(signal.SIGKILL)
        self._process.ended()

    @property
    def told(self):
        """Everything on standard error so far."""
        return self._errors.read_text()

    @property
    def pid(self):
        return self._process.pid

    def status(self):
        """Return what the door says, None while nobody is there."""
        assert not self._process.over(), self.told[-2000:]
        try:
            return self.door.status()
        except DoorError:
            return None

    def books(self):
        """Return the rows of the books, none while nobody is there."""
        return self.door.books(1) if self.status() else []

    async def up(self):
        """Wait until the daemon answers."""
        await until(lambda: self.status() is not None, "an open door")

    async def live(self):
        """Wait until every book is live."""
        await self.up()
        await until(lambda: all(row["state"] == "live" for row in self.books()), "live books")

    async def inputs(self, count):
        """Wait until the daemon has handled so many inputs."""
        await self.up()
        await until(lambda: self.status()["inputs"] >= count, f"{count} inputs")

    def signal(self, number: signal.Signals):
        self._process.signal(number)

    async def ended(self):
        """Wait for the end; returns the exit code, negative for a signal, and what was printed."""
        await until(self._process.over, "the end of the process")
        return self._process.code, self._out.read_text()

    def children(self):
        """Return the processes that this one started."""
        return [pid for pid, parent in _parents().items() if parent == self.pid]


def gone(pid: int) -> bool:
    """Tell whether a process has ended, be it reaped or not."""
    return pid not in _parents()


def _parents():
    """Return the parent of every process that has not ended."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text()
        except OSError:
            continue  # ended while we looked
        state, parent = text.rpartition(")")[2].split()[:2]
        if state not in "ZX":
            found[int(folder.name)] = int(parent)
    return found
