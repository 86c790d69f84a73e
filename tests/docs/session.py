"""A folder and an environment in which the commands of one page run, one after another."""

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from api.client import DoorClient
from api.errors import DoorError
from cli.settings import Settings

from .blocks import ROOT

DEADLINE_S = 60.0
#: What a reader has beside him in the project's folder.
_BESIDE = ("config.yaml", "docs", "examples", "tests", "deploy", "pyproject.toml")


class Session:
    """Runs commands as a reader would who stands in the project's folder.

    Only where things lie differs: HOME and the folder are temporary, the quote table is in it, and
    ports are free ones. What runs until it is stopped runs beside the other commands.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.table = folder / "quotes.l2"
        for name in _BESIDE:
            if (ROOT / name).exists():
                (folder / name).symlink_to(ROOT / name)
        (folder / ".venv").symlink_to(sys.prefix)
        self.environment = {
            "HOME": str(folder),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "CROSSQUOTE__L2__PATH": str(self.table),
        }
        # An answer that refuses is a command that fails.
        (folder / ".curlrc").write_text("silent\nshow-error\nfail-with-body\n")
        self.port = free_port()
        if "api" in Settings.__struct_fields__:
            self.environment["CROSSQUOTE__API__PORT"] = str(self.port)
        self._beside: dict[str, subprocess.Popen[bytes]] = {}
        self._said = folder / "said.txt"

    def close(self) -> None:
        """Stop what still runs, as Ctrl-C does, and require that it ends well."""
        for verb in list(self._beside):
            self._stop(verb)

    def _stop(self, verb: str) -> None:
        process = self._beside.pop(verb, None)
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        code = process.wait(DEADLINE_S)
        assert code in (0, -signal.SIGKILL), (verb, code, self._told())

    def run(self, text: str) -> tuple[int, str]:
        """Run a command to its end; returns its exit code and what it printed."""
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", text],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=DEADLINE_S,
            check=False,
        )
        return done.returncode, done.stdout.decode()

    def begin(self, text: str) -> None:
        """Begin a command that runs until it is stopped, and wait until it can be used.

        One of the same verb that still runs is stopped before.
        """
        (verb,) = re.findall(r"\bcrossquote (\w+)", text)
        self._stop(verb)
        with self._said.open("wb") as said:
            process = subprocess.Popen(
                ["bash", "-c", f"exec env {text}"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        self._beside[verb] = process
        ends = time.monotonic() + DEADLINE_S
        while not (self._live() if verb == "run" else "\n" in self._told()):
            assert process.poll() is None, self._told()
            assert time.monotonic() < ends, self._told()
            time.sleep(0.05)

    def press(self, text: str, keys: str) -> tuple[int, str]:
        """Run a command on a terminal, press keys once it has drawn something, wait for its end."""
        parent, child = pty.openpty()
        os.set_blocking(parent, False)
        process = subprocess.Popen(
            ["bash", "-c", f"exec {text}"],
            cwd=self.folder,
            env=self.environment,
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
        )
        os.close(child)
        drawn = bytearray()
        ends = time.monotonic() + DEADLINE_S
        pressed = False
        while process.poll() is None:
            assert time.monotonic() < ends, drawn.decode(errors="replace")
            if select.select([parent], [], [], 0.05)[0]:
                try:
                    drawn += os.read(parent, 65_536)
                except OSError:  # the terminal's other end is closed: the command ends
                    break
            if not pressed and len(drawn) > 1_000:
                os.write(parent, keys.encode())
                pressed = True
        code = process.wait(DEADLINE_S)
        os.close(parent)
        return code, drawn.decode(errors="replace")

    def _live(self) -> bool:
        try:
            with DoorClient(self.folder / "crossquote.sock") as door:
                rows = door.books(0)
        except DoorError:
            return False
        return bool(rows) and all(row["state"] == "live" for row in rows)

    def _told(self) -> str:
        return self._said.read_text(errors="replace")[-3_000:] if self._said.exists() else ""


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
