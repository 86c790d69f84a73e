"""The log: what it writes, what it leaves out, what it hides, and that it never raises."""

import io
import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from cli.log_limit import BURST, WINDOW_NS, RepeatLimit
from cli.log_line import Mask, as_human, as_json, plain
from cli.logs import Log, start_logging
from cli.settings import MASK, Secret
from cli.settings.model import LogSettings
from cli.settings.secrets import read_secrets

NO_SECRETS = read_secrets({})[0]
NOON_NS = 1_700_000_000_123_000_000


class Clock:
    def __init__(self):
        self.now_ns = 0

    def __call__(self):
        return self.now_ns


class Terminal(io.StringIO):
    def isatty(self):
        return True


def make(stream=None, secrets=NO_SECRETS, **settings):
    stream = io.StringIO() if stream is None else stream
    clock = Clock()
    chosen = LogSettings(**{"file": "", **settings})
    log = Log(
        chosen, secrets, stream=stream, monotonic_ns=clock, wall_ns=lambda: NOON_NS, colors=False
    )
    return log, stream, clock


def rows(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def _restore():
    root = logging.getLogger()
    before, level = root.handlers, root.level
    yield
    root.handlers, root.level = before, level
    structlog.reset_defaults()


def test_lines_are_json_where_no_terminal_is():
    log, stream, _ = make()
    log.write("info", {"event": "book live", "venue": "binance", "levels": 5})
    assert rows(stream) == [
        {
            "time": "2023-11-14T22:13:20.123Z",
            "level": "info",
            "event": "book live",
            "venue": "binance",
            "levels": 5,
        }
    ]


def test_lines_are_for_people_on_a_terminal():
    log, stream, _ = make(Terminal())
    log.write("warning", {"event": "gap", "venue": "binance", "why": "two words"})
    assert stream.getvalue() == (
        '2023-11-14T22:13:20.123Z warning  gap venue=binance why="two words"\n'
    )


@pytest.mark.parametrize(("form", "stream"), [("json", Terminal()), ("human", io.StringIO())])
def test_the_format_can_be_forced(form, stream):
    log, _, _ = make(stream, format=form)
    log.write("info", {"event": "x"})
    assert stream.getvalue().startswith("{") is (form == "json")


def test_repeated_errors_are_left_out_and_counted_in_a_summary():
    log, stream, clock = make()
    for _ in range(BURST + 7):
        log.write("error", {"event": "refused", "venue": "coinbase", "connection": "1"})
    assert len(rows(stream)) == BURST
    clock.now_ns = WINDOW_NS
    log.tick()
    summary = rows(stream)[-1]
    assert summary["left_out"] == 7
    assert (summary["event"], summary["venue"], summary["connection"], summary["level"]) == (
        "refused",
        "coinbase",
        "1",
        "error",
    )
    assert log.counts.left_out == 7


def test_another_venue_or_connection_is_another_error():
    log, stream, _ = make()
    for connection in ("1", "2"):
        for _ in range(BURST):
            log.write("error", {"event": "refused", "connection": connection})
            log.write("error", {"event": "refused", "connection": connection, "venue": "b"})
    assert len(rows(stream)) == 4 * BURST


def test_information_is_never_left_out():
    log, stream, _ = make()
    for _ in range(3 * BURST):
        log.write("info", {"event": "tick"})
    assert len(rows(stream)) == 3 * BURST


def test_closing_writes_the_summaries_that_are_not_due_yet():
    log, stream, _ = make()
    for _ in range(BURST + 1):
        log.write("error", {"event": "refused"})
    log.close()
    assert rows(stream)[-1]["left_out"] == 1


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, WINDOW_NS)), max_size=200))
def test_every_line_is_either_admitted_or_counted_once(steps):
    limit = RepeatLimit(burst=2, keys_max=3)
    now_ns = admitted = counted = 0
    for key, passed_ns in steps:
        now_ns += passed_ns
        counted += sum(one.count for one in limit.closed(now_ns))
        admitted += limit.admit((str(key), "", ""), "error", now_ns)
    counted += sum(one.count for one in limit.closed(None))
    assert admitted + counted == len(steps)
    assert limit.closed(None) == []


PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIabcdefghijk\n-----END EC PRIVATE KEY-----"


@pytest.mark.parametrize("secret", ["s3cr3tvalue", 'with"quote\\s', PEM])
@pytest.mark.parametrize("form", ["human", "json"])
def test_no_form_of_a_secret_reaches_a_line(secret, form, tmp_path):
    secrets, _ = read_secrets({"BINANCE_API_SECRET": secret})
    path = tmp_path / "log"
    log, stream, _ = make(secrets=secrets, format=form, file=str(path))
    try:
        raise ValueError(f"bad signature with {secret}")
    except ValueError as error:
        log.write("error", {"event": f"a {secret}", "error": error, "exc_info": True})
    log.write("info", {"event": "b", "deep": {"x": [secret, {secret: 1}]}, "r": repr(secret)})
    log.write("info", {"event": "c", "json": json.dumps({"k": secret}), "s": Secret(secret)})
    log.write("info", {"event": "d", secret: "as a key", "cut": "x" * 8185 + secret})
    log.close()
    written = stream.getvalue() + path.read_text()
    for line in [secret, json.dumps(secret)[1:-1], *secret.splitlines()]:
        assert line not in written
    assert MASK in written


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    ),
    st.text(),
)
def test_any_value_becomes_one_line_of_each_form(value, event):
    line = {"time": "t", "level": "info", **plain({"event": event, "value": value}, Mask(()))}
    assert "\n" not in as_json(line)
    assert as_human(line, colors=False).isprintable()


class Special(float):
    pass


def test_a_subclass_of_float_is_a_number():
    log, stream, _ = make()
    log.write("info", {"event": "x", "value": Special(1.5)})
    assert rows(stream)[0]["value"] == 1.5


def test_a_long_traceback_is_masked_before_it_is_cut():
    secrets, _ = read_secrets({"BINANCE_API_SECRET": "s3cr3t" * 10})
    log, stream, _ = make(secrets=secrets)
    # The cut falls within the secret: its second half must not survive it.
    error = ValueError("s3cr3t" * 10 + "y" * (8_192 - 30))
    log.write("error", {"event": "x", "exc_info": error})
    assert "s3cr3t" not in rows(stream)[0]["exception"]


class Hostile:
    def __str__(self):
        raise RuntimeError("no text")


def test_a_value_without_text_is_named_by_its_type():
    log, stream, _ = make()
    log.write("info", {"event": "x", "value": Hostile()})
    assert rows(stream)[0]["value"] == "<Hostile>"


def test_a_venue_cannot_speak_to_the_terminal():
    log, stream, _ = make(Terminal())
    log.write("info", {"event": "e\x1b[2Jv\nil", "v": "\x1b]0;title\x07", "k\x1b": 1})
    assert "\x1b" not in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


class Broken(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


def test_a_stream_that_fails_is_counted_and_nothing_is_raised(tmp_path):
    log, _, _ = make(Broken(), file=str(tmp_path / "log"))
    log.write("info", {"event": "x"})
    assert log.counts.stream_errors == 1
    assert "x" in (tmp_path / "log").read_text()
    log.close()


def test_a_full_disk_is_counted_and_nothing_is_raised():
    log, stream, _ = make(file="/dev/full")
    log.write("info", {"event": "x"})
    assert log.counts.file_errors == 1
    assert len(rows(stream)) == 1
    log.close()
    assert log.counts.file_errors == 2


def test_a_folder_that_cannot_be_made_is_a_problem_and_the_log_runs_on(tmp_path):
    (tmp_path / "file").write_text("")
    log, stream, _ = make(file=str(tmp_path / "file" / "log"))
    assert log.problems[0].startswith("log.file: cannot write ")
    assert log.problems[0].endswith("; logging without it")
    log.write("info", {"event": "x"})
    assert len(rows(stream)) == 1


def test_the_file_is_rotated_and_its_size_bounded(tmp_path):
    log, _, _ = make(file=str(tmp_path / "log"), max_mb=1, keep=2)
    for _ in range(600):
        log.write("info", {"event": "x" * 8000})
    log.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["log", "log.1", "log.2"]
    assert all(path.stat().st_size <= 1024 * 1024 for path in tmp_path.iterdir())


@pytest.mark.usefixtures("_restore")
def test_structlog_and_libraries_end_in_the_same_log():
    stream = io.StringIO()
    log = start_logging(LogSettings(file="", level="info"), NO_SECRETS, stream=stream)
    structlog.get_logger().debug("hidden")
    structlog.get_logger().info("shown", venue="binance")
    logging.getLogger("library").warning("%s went wrong", "it")
    logging.getLogger("library").info("hidden")
    logging.getLogger("library").warning("%d", "no number")
    try:
        raise KeyError("k")
    except KeyError:
        structlog.get_logger().exception("failed")
    events = [(row["level"], row["event"]) for row in rows(stream)]
    assert events == [
        ("info", "shown"),
        ("warning", "it went wrong"),
        ("warning", "%d"),
        ("error", "failed"),
    ]
    assert "KeyError: 'k'" in rows(stream)[-1]["exception"]
    log.close()
