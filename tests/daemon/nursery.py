"""A process that has everything imported and forks commands: a start costs a tenth of a fresh one.

Run as a module it is that process, spoken to in lines of JSON; `Nursery` is who speaks to it.
"""

import atexit
import importlib
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Nursery:
    """Starts commands of `crossquote`. Leaving the block kills all that still run."""

    def __enter__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.daemon.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, kind, error, trace):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def start(self, folder, *words, **terms):
        """Start a command in a folder, into whose out.txt and errors.txt it writes.

        `terms` are those of `_live`.
        """
        return Child(self, self.ask(do="start", folder=str(folder), words=words, **terms))

    def ask(self, **question):
        """Return the number that answers a question."""
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


class Child:
    """A command that was started."""

    def __init__(self, nursery, pid):
        self._nursery = nursery
        self.pid = pid
        self.code = None

    def over(self):
        """Tell whether it has ended; `code` is its exit code then, negative for a signal."""
        if self.code is None:
            answer = self._nursery.ask(do="poll", pid=self.pid)
            self.code = None if answer == RUNNING else answer
        return self.code is not None

    def ended(self):
        """Wait for the end and return the exit code."""
        if self.code is None:
            self.code = self._nursery.ask(do="wait", pid=self.pid)
        return self.code

    def signal(self, number):
        """Send a signal, unless it is known to have ended."""
        if not self.over():
            os.kill(self.pid, number)


RUNNING = 1_000


@cache
def nursery():
    """Return the nursery that all tests of a process share."""
    made = Nursery().__enter__()
    atexit.register(made.__exit__, None, None, None)
    return made


def main():
    """Serve until standard input ends, then kill what is left."""
    children = set()
    for line in sys.stdin:
        question = json.loads(line)
        answer = RUNNING
        if question["do"] == "start":
            answer = os.fork()
            if not answer:
                _live(**{key: value for key, value in question.items() if key != "do"})
            children.add(answer)
        else:
            pid = question["pid"]
            found, status = os.waitpid(pid, os.WNOHANG if question["do"] == "poll" else 0)
            if found:
                children.discard(pid)
                answer = os.waitstatus_to_exitcode(status)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _live(folder, words, environment=None, segment_bytes=0, events=0, within=""):
    """Be the command, in an environment of its own where one is given.

    It kills itself at its event `events`, if not 0.

    Events are what the interpreter audits, such as the opening of a file or a socket; with `within`
    only those that name a path with this in it. `segment_bytes` of a recording may be smaller here
    than whole MiB.
    """
    command = importlib.import_module("cli.main").main
    if environment is not None:
        os.environ.clear()
        os.environ.update(environment)
    os.chdir(folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open("out.txt", flags), 1)
    os.dup2(os.open("errors.txt", flags), 2)
    if segment_bytes:
        importlib.import_module("daemon").MEBIBYTE = segment_bytes
    if events:
        left = events

        def count(event, arguments):
            nonlocal left
            if not within or any(within in str(argument) for argument in arguments):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
    code = 70
    try:
        code = command(words)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 71
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    # What a command would import when it is called is there before the first fork.
    for module in ("cli.run", "cli.sim", "sim.server.world"):
        importlib.import_module(module)
    main()
