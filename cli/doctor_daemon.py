"""What the doctor looks at in a running daemon. It asks and reads; it changes nothing."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.client import DoorClient
from api.errors import DoorError, NoDaemonError
from books.grade import UNUSABLE
from cache.client import open_reader
from cache.l2_errors import L2Error
from cache.l2_quote import Miss
from checkpoint import Build, build

from .doctor_machine import Finding, Verdict
from .fields import labels, mapping, millis, number, printable, rows, seconds, signed, text

_MEBIBYTE = 1024 * 1024
#: A venue's clock further from ours than this has its signed requests refused.
OFFSET_MS_MAX = 500.0
LOOP_MS_MAX = 50.0
#: A disk that is full sooner is worth a word, and sooner than the second one is late.
DISK_S_WARN = 7 * 86_400
DISK_S_FAIL = 86_400
#: Growth is judged from what was written since the start, once that is more than this.
_UPTIME_S_LEAST = 60.0
_TTL_NS = 10_000_000_000
_GRADES = frozenset(UNUSABLE.labels)


def examine_daemon(
    socket: Path, table: Path | None, retain_mb: int, timeout_s: float = 3.0
) -> Iterator[Finding]:
    """Yield what is found at the daemon whose door is `socket`; nothing where none runs.

    `table` is the file of the shared quotes, None where there is none; `retain_mb` what the
    recording may keep.
    """
    try:
        with DoorClient(socket, timeout_s) as client:
            status = client.status()
            books = client.books(0)
            risk = client.risk()
    except NoDaemonError:
        return
    except DoorError as error:
        advice = "look into its log; `crossquote stop`, or a signal, ends it"
        yield Finding("daemon", "fail", str(error), advice)
        return
    yield _door(status)
    yield check_version(status, build())
    yield check_books(books)
    yield check_loop(status)
    yield from check_offsets(status)
    yield check_recording(status)
    if mapping(status, "recording").get("dir"):
        yield check_disk_left(status, retain_mb)
    if table is not None:
        yield check_table(table, [text(row, "instrument") for row in books])
    if mapping(status, "trading"):
        yield check_trading(risk)


def _door(status: dict[str, Any]) -> Finding:
    up = seconds(number(status, "uptime_seconds"))
    found = f"answers, pid {text(status, 'pid')}, mode {text(status, 'mode')}, up {up}"
    return Finding("daemon", "ok", found)


def check_version(status: dict[str, Any], ours: Build) -> Finding:
    """Whether the daemon runs what is installed now."""
    theirs = f"{text(status, 'version')} ({text(status, 'code')})"
    if theirs == str(ours):
        return Finding("daemon's version", "ok", theirs)
    found = f"it runs {theirs}, installed is {ours}"
    advice = "restart it to run what is installed; docs/deployment.md says how to upgrade"
    return Finding("daemon's version", "warn", found, advice)


def check_books(books: list[dict[str, Any]]) -> Finding:
    """Whether every book is live and may be used."""
    unusable = []
    for row in books:
        against = [one for one in labels(row, "grade") or () if one in _GRADES]
        if text(row, "state") != "live":
            unusable.append(f"{text(row, 'instrument')} {text(row, 'state')}")
        elif against:
            unusable.append(f"{text(row, 'instrument')} {', '.join(against)}")
    if not books:
        advice = "venues.*.instruments of the configuration says what to watch"
        return Finding("books", "warn", "none is watched", advice)
    if not unusable:
        return Finding("books", "ok", f"all {len(books)} are live and usable")
    found = f"{len(unusable)} of {len(books)} cannot be used: {'; '.join(unusable[:3])}"
    verdict: Verdict = "fail" if len(unusable) == len(books) else "warn"
    return Finding("books", verdict, found, "`crossquote books` and `crossquote status` say why")


def check_loop(status: dict[str, Any]) -> Finding:
    """Whether the daemon's event loop keeps up."""
    late = number(mapping(status, "loop_lag_ms"), "p99")
    found = f"p99 {millis(late)} late"
    if late is not None and late > LOOP_MS_MAX:
        advice = "the machine is busy: give the daemon a processor of its own"
        return Finding("daemon's loop", "warn", found, advice)
    return Finding("daemon's loop", "ok", found)


def check_offsets(status: dict[str, Any]) -> Iterator[Finding]:
    """Whether each venue is connected, and its clock near ours."""
    venues = mapping(status, "venues")
    for name in venues:
        row = mapping(venues, name)
        shown, offset = printable(str(name)), number(row, "offset_ns")
        if text(row, "state") != "open":
            advice = "see the log for why; it connects again by itself"
            yield Finding(shown, "fail", f"connection {text(row, 'state')}", advice)
        elif offset is None:
            advice = "it is measured over REST; look again in a minute"
            yield Finding(shown, "warn", "connected, its clock is not measured yet", advice)
        elif abs(offset) / 1e6 > OFFSET_MS_MAX:
            found = f"connected, its clock is {signed(offset / 1e6)} ms from ours"
            advice = "set this machine's clock by NTP (chrony); then the venue's is wrong"
            yield Finding(shown, "warn", found, advice)
        else:
            yield Finding(shown, "ok", f"connected, clock {signed(offset / 1e6)} ms from ours")


def check_recording(status: dict[str, Any]) -> Finding:
    """Whether inputs are recorded, without a hole."""
    row = mapping(status, "recording")
    state, missed = text(row, "state"), number(row, "missed") or 0
    if state == "off":
        advice = "set recording.enabled, or nothing that happens can be proved"
        return Finding("recording", "warn", "off", advice)
    if state.startswith("stopped"):
        return Finding("recording", "fail", state, "make room, or mend the folder; it goes on then")
    found = f"{state}, {text(row, 'segments')} segments in {text(row, 'dir')}"
    if missed:
        advice = "it stopped for a while: replay begins anew behind the hole"
        return Finding("recording", "warn", f"{found}, {missed:.0f} inputs were missed", advice)
    return Finding("recording", "ok", found)


def check_disk_left(status: dict[str, Any], retain_mb: int) -> Finding:
    """How long the disk lasts at the pace since the start, less what is deleted by then."""
    name = "disk left"
    folder = _folder(status)
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        advice = "run the doctor as the daemon's user"
        return Finding(name, "warn", f"{folder}: {error.strerror}", advice)
    held = number(mapping(status, "recording"), "bytes") or 0.0
    up = number(status, "uptime_seconds") or 0.0
    still = retain_mb * _MEBIBYTE - held
    found = f"{free / _MEBIBYTE:,.0f} MiB free"
    if still <= free:
        return Finding(name, "ok", f"{found}, the recording takes {still / _MEBIBYTE:,.0f} more")
    if up < _UPTIME_S_LEAST or held <= 0:
        return Finding(name, "warn", found, "lower recording.retain_mb, or free some space")
    lasts = free / (held / up)
    found = f"{found}, enough for {seconds(lasts)} at most at the pace so far"
    advice = "lower recording.retain_mb, or free some space"
    if lasts < DISK_S_FAIL:
        return Finding(name, "fail", found, advice)
    if lasts < DISK_S_WARN:
        return Finding(name, "warn", found, advice)
    return Finding(name, "ok", found)


def _folder(status: dict[str, Any]) -> Path:
    """Return the recording's folder; a relative one is where the daemon stands."""
    given = Path(text(mapping(status, "recording"), "dir"))
    try:
        return Path(f"/proc/{text(status, 'pid')}/cwd").readlink() / given
    except OSError:  # another user's process
        return given


def check_table(path: Path, instruments: list[str]) -> Finding:
    """Whether the shared quotes can be read from here, and how many of them."""
    name = "shared quotes"
    try:
        reader = open_reader(path)
    except L2Error as error:
        return Finding(name, "fail", str(error), "run as the daemon's user, on its machine")
    try:
        now_ns = time.time_ns()
        answers = {one: reader.quote(one, _TTL_NS, now_ns) for one in instruments}
    finally:
        reader.close()
    misses = {one: answer for one, answer in answers.items() if isinstance(answer, Miss)}
    found = f"{len(answers) - len(misses)} of {len(answers)} quotes read from {path}"
    if not misses:
        return Finding(name, "ok", found)
    first, miss = next(iter(misses.items()))
    verdict: Verdict = "fail" if len(misses) == len(answers) else "warn"
    advice = "a miss has its reason in docs/shared-memory.md; `crossquote books` shows the grades"
    return Finding(name, verdict, f"{found}; {first}: {miss.reason}", advice)


def check_trading(risk: dict[str, Any]) -> Finding:
    """Whether every world may trade."""
    worlds = mapping(risk, "worlds")
    stopped = []
    for name in worlds:
        row = mapping(worlds, name)
        if text(row, "state") != "ACTIVE":
            causes = ", ".join(printable(str(cause)) for cause in mapping(row, "causes"))
            stopped.append(f"{printable(str(name))} {text(row, 'state')} ({causes})")
    if stopped:
        advice = "`crossquote risk` says more; `crossquote resume` lifts what you have looked at"
        return Finding("trading", "warn", "; ".join(stopped), advice)
    violations = sum(number(row, "violations") or 0 for row in rows(worlds))
    if violations:
        advice = "the hedge invariant was broken: halt, and keep the recording"
        return Finding("trading", "fail", f"{violations:.0f} violations of the bound", advice)
    return Finding("trading", "ok", f"{len(worlds)} worlds active")
