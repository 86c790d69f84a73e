"""Every command in the documentation runs as it is written, in the order of its page.

What is done differently is in the tables of this file and nowhere else.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest

from .blocks import ROOT, commands, documents, hidden
from .session import Session, free_port

#: Not run, by how they begin, and why.
NOT_RUN = {
    ". .venv/bin/activate": "every command of a session finds the environment's commands already",
    "make setup": "compiles for minutes; whoever runs the tests has done it",
    "make test": "is what runs this test",
    "CROSSQUOTE__API__TOKENS_FILE=deploy/secrets": "the folder of the project is not written to",
    "install -d -m 0700 deploy": "likewise",
    "chmod 0644 deploy": "likewise",
    "docker ": "needs a container engine",
    "python3 -m pip wheel ": "compiles for minutes; tests/deploy/test_wheel.py does it",
    "kubectl ": "needs a cluster",
    "sudo ": "changes the machine",
    "crossquote sim --serve binance=spot.gz": "the recording is a public one of an hour;"
    " tests/daemon/test_served_recording.py does all five",
    "crossquote run --mode paper --config paper.yaml": "likewise",
    "crossquote replay paper ": "likewise",
    "crossquote backtest --source binance=spot.gz": "likewise",
    "diff paper.txt ": "likewise",
}
#: Run in another form, and why.
INSTEAD = {
    "make run": ("crossquote run --strategy xemm", "its first half is make setup"),
    "crossquote simtest --seeds 1..200": (
        "crossquote simtest --seeds 1..1",
        "200 seeds take a minute",
    ),
    "crossquote simtest --seeds 1..20000 --jobs 2 --resume simtest.jsonl": (
        "crossquote simtest --seeds 1..1 --resume simtest.jsonl",
        "20,000 seeds take an hour",
    ),
    "crossquote simtest --soak --hours 72": (
        "crossquote simtest --soak --hours 1 --help",
        "72 virtual hours take 17 minutes",
    ),
    "crossquote simtest --scenario all --hours 1": (
        "crossquote simtest --scenario all --hours 1 --help",
        "half an hour of processor time",
    ),
    "crossquote sim --json --for 60": (
        "crossquote sim --json --for 1",
        "nothing comes of a minute",
    ),
}
#: Pages whose commands ask a running daemon: that of another page, before what ends it there.
GUESTS = {"docs/api.md": ("README.md", ".venv/bin/crossquote stop")}
#: Run until they are stopped: beside the commands behind them.
BESIDE = re.compile(
    r"(?:\w+=\S+ (?:\\\n)?)*(\.venv/bin/)?crossquote (run|sim)\b(?!.*--(for|write|describe|help))"
)
#: Drawn on a terminal, with the key that ends them.
KEYS = {"crossquote watch": "q"}
#: Ports that pages name; free ones are taken instead.
PORTS = ("9001", "9002", "9011", "9012")
#: Where the quote table is unless told otherwise; a session has its own.
TABLE = "/dev/shm/crossquote.l2"
#: Where the API is unless told otherwise; likewise.
API = "127.0.0.1:8080"

WITH_COMMANDS = [name for name in documents() if commands(name)]


@pytest.fixture
def session():
    """A short folder: the address of a Unix socket has room for a hundred characters."""
    with tempfile.TemporaryDirectory(prefix="docs-") as folder:
        found = Session(Path(folder))
        try:
            yield found
        finally:
            found.close()


@pytest.mark.parametrize("document", [name for name in WITH_COMMANDS if name not in GUESTS])
def test_every_command_of_a_page_works_as_written(document, session):
    ports = {name: str(free_port()) for name in PORTS}
    missing = []
    for page, command in with_guests(document):
        text = without_comment(command.text)
        if text.startswith(tuple(NOT_RUN)):
            continue
        text = INSTEAD.get(text, (text, ""))[0]
        for name, port in ports.items():
            text = text.replace(name, port)
        text = text.replace(TABLE, str(session.table)).replace(API, f"127.0.0.1:{session.port}")
        place = f"{page}:{command.line}: {text}"
        if text.startswith("curl ") and shutil.which("curl") is None:
            missing.append(place)
            continue
        plain = text.removeprefix(".venv/bin/")
        if plain in KEYS:
            code, told = session.press(text, KEYS[plain])
        elif BESIDE.match(text):
            session.begin(text)
            continue
        else:
            code, told = session.run(text)
        assert code == command.code, f"{place}\n{told[-3000:]}"
    if missing:
        pytest.skip(f"curl is not installed: apt-get install curl; not run: {missing}")


def with_guests(document):
    """Yield the page and each command of a document, those of its guests where they belong."""
    for command in commands(document):
        for guest, (host, before) in GUESTS.items():
            if (host, before) == (document, command.text):
                yield from ((guest, one) for one in commands(guest))
        yield document, command


def without_comment(text):
    """Return a command without the comment behind it and the blanks before that."""
    return re.sub(r"\s+#(?!\{).*$", "", text) if "\n" not in text else text


@pytest.mark.parametrize("document", documents())
def test_no_command_stands_where_it_is_not_run(document):
    assert hidden(document) == []


def test_make_run_is_run_as_the_makefile_has_it():
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nrun: setup\n\t")[2]
    assert recipe.partition("\n")[0] == f"$(BIN)/{INSTEAD['make run'][0]}"


def test_the_tables_name_only_what_is_there():
    written = [without_comment(one.text) for name in WITH_COMMANDS for one in commands(name)]
    for start in NOT_RUN:
        assert any(text.startswith(start) for text in written), start
    for text in INSTEAD:
        assert text in written
    for guest in GUESTS:
        hosts = [name for name in WITH_COMMANDS for page, _ in with_guests(name) if page == guest]
        assert set(hosts) == {guest, GUESTS[guest][0]}
    for port in PORTS:
        assert any(port in text for text in written)
    assert all(any(text.endswith(one) for text in written) for one in KEYS)


def test_pages_that_are_linked_exist():
    for name in documents():
        page = ROOT / name
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert Path(os.path.normpath(page.parent / link)).exists(), f"{name}: {link}"
