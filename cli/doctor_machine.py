"""What the doctor looks at on this machine. Each check takes what it needs and touches nothing."""

import asyncio
import ctypes
import importlib.util
import itertools
import os
import resource
import shutil
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from cache.l2_layout import Layout

Verdict: TypeAlias = Literal["ok", "warn", "fail"]

_MEBIBYTE = 1024 * 1024
FILES_WANTED = 1_024
FILES_LEAST = 128
LAG_MS_MAX = 50
LAG_ROUNDS = 20
SPARE_MB = 256
#: The year in which this was written: a clock before it is wrong for certain.
YEAR_2026_NS = 1_767_225_600_000_000_000
_ADJTIMEX_BYTES = 512
_TIME_ERROR = 5
_STA_UNSYNC = 0x40


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, what was found, and what to do about it."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def check_python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Finding:
    """Python 3.11 or newer."""
    found = ".".join(str(part) for part in version)
    if version < (3, 11):
        return Finding("python", "fail", found, "install Python 3.11 or newer, then `make setup`")
    return Finding("python", "ok", found)


def check_shared_memory(path: Path, slots: int, depth: int) -> Finding:
    """The folder of the quote table: there, writable, in memory, and with room for the table."""
    name, folder = "shared memory", path.parent
    wanted = Layout(slots, depth).table_bytes
    if not _is_folder(folder):
        advice = "make it, or set l2.path to a file in /dev/shm"
        return Finding(name, "fail", f"{folder} is no folder", advice)
    if not os.access(folder, os.W_OK | os.X_OK):
        advice = "run as a user who may write there, or set l2.path elsewhere"
        return Finding(name, "fail", f"{folder} is not writable", advice)
    free = shutil.disk_usage(folder).free
    found = f"{folder} has {_size(free)} free, the table takes {_size(wanted)}"
    if free < wanted:
        advice = "lower l2.slots or l2.depth, or enlarge it (containers: --shm-size)"
        return Finding(name, "fail", found, advice)
    if filesystem(folder) != "tmpfs":
        advice = "quotes would be written to a disk: set l2.path to a file in /dev/shm"
        return Finding(name, "warn", f"{found}; it is no memory", advice)
    return Finding(name, "ok", found)


def filesystem(folder: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """Return the type of the file system that holds `folder`, "unknown" where that is not said."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "unknown"
    where, best, kind = str(folder.resolve()), "", "unknown"
    for line in lines:
        fields = line.split()
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        inside = point in ("/", where) or where.startswith(point + "/")
        # Of equal mount points the later one covers the earlier.
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def check_clock(
    wall_ns: Callable[[], int] = time.time_ns, monotonic_ns: Callable[[], int] = time.monotonic_ns
) -> Finding:
    """The clocks: the wall clock in our years, the monotonic one never going back, both fine."""
    name = "clock"
    steps = [monotonic_ns() for _ in range(1_000)]
    if any(later < earlier for earlier, later in itertools.pairwise(steps)):
        advice = "the kernel's clock source is broken: choose another one, or another machine"
        return Finding(name, "fail", "the monotonic clock went back", advice)
    if wall_ns() < YEAR_2026_NS:
        found = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(wall_ns() // 10**9))
        return Finding(name, "fail", found, "set the clock, and keep it by NTP (chrony)")
    ticks = sorted(set(steps))
    found = f"monotonic, in steps of {min(_gaps(ticks), default=0)} ns"
    if len(ticks) < 10:
        return Finding(name, "warn", found, "the clock is coarse: latencies will be too")
    return Finding(name, "ok", found)


def _gaps(ticks: list[int]) -> list[int]:
    return [later - earlier for earlier, later in itertools.pairwise(ticks)]


def kernel_clock_state() -> tuple[int, int] | None:
    """Return adjtimex(2)'s result and status bits, None where they cannot be read."""
    # struct timex: modes (0 only reads), padded to a long, four longs, then int status.
    buffer = ctypes.create_string_buffer(_ADJTIMEX_BYTES)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    except (AttributeError, OSError):
        return None
    at = 5 * ctypes.sizeof(ctypes.c_long)
    return (state, ctypes.c_int.from_buffer(buffer, at).value) if state >= 0 else None


def check_ntp(state: tuple[int, int] | None) -> Finding:
    """Whether the kernel says that something keeps the clock in step."""
    name = "clock synchronised"
    if state is None:
        advice = "check with `chronyc tracking` or `timedatectl` that NTP keeps the clock"
        return Finding(name, "warn", "the kernel does not say", advice)
    if state[0] == _TIME_ERROR or state[1] & _STA_UNSYNC:
        advice = "run chrony or systemd-timesyncd (a container takes its host's clock)"
        return Finding(name, "warn", "the kernel says it is not", advice)
    return Finding(name, "ok", "the kernel says it is")


def check_files(limit: int | None = None) -> Finding:
    """The limit on open files."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if limit is None else limit
    name = "open files"
    if soft != resource.RLIM_INFINITY and soft < FILES_WANTED:
        verdict: Verdict = "fail" if soft < FILES_LEAST else "warn"
        advice = f"raise it: `ulimit -n {FILES_WANTED}`, or LimitNOFILE= in the service"
        return Finding(name, verdict, f"at most {soft}", advice)
    return Finding(name, "ok", "no limit" if soft == resource.RLIM_INFINITY else f"at most {soft}")


def check_disk(folder: Path, segment_mb: int, retain_mb: int) -> Finding:
    """The recording's folder: writable, with room for what the recording may keep."""
    name = "recording folder"
    home = folder
    while not os.access(home, os.F_OK) and home != home.parent:
        home = home.parent
    if not _is_folder(home):
        advice = "set recording.dir to a folder"
        return Finding(name, "fail", f"{home} is no folder", advice)
    if not os.access(home, os.W_OK | os.X_OK):
        advice = "run as a user who may write there, or set recording.dir elsewhere"
        return Finding(name, "fail", f"{home} is not writable", advice)
    free_mb = shutil.disk_usage(home).free // _MEBIBYTE
    found = f"{folder} has {free_mb} MiB free, the recording keeps up to {retain_mb} MiB"
    if free_mb < 2 * segment_mb:
        advice = f"free at least {2 * segment_mb} MiB, or set recording.dir elsewhere"
        return Finding(name, "fail", found, advice)
    if free_mb < retain_mb + SPARE_MB:
        return Finding(name, "warn", found, "lower recording.retain_mb, or free some space")
    return Finding(name, "ok", found)


def measure_lag_ns() -> list[int]:
    """Return how late an event loop woke up from short sleeps, in ns, one for each."""

    async def rounds() -> list[int]:
        late: list[int] = []
        for _ in range(LAG_ROUNDS):
            start = time.monotonic_ns()
            await asyncio.sleep(0.005)
            late.append(time.monotonic_ns() - start - 5_000_000)
        return late

    return asyncio.run(rounds())


def check_lag(late_ns: list[int]) -> Finding:
    """Whether the event loop gets the processor when it asks for it."""
    worst = max(late_ns) / 1e6
    median = sorted(late_ns)[len(late_ns) // 2] / 1e6
    found = f"woke {median:.1f} ms late in the middle, {worst:.1f} ms at worst"
    if worst > LAG_MS_MAX:
        advice = "the machine is busy: give the daemon a processor of its own"
        return Finding("event loop", "warn", found, advice)
    return Finding("event loop", "ok", found)


def check_module(name: str, extra: str, *, needed: bool) -> Finding:
    """Whether an optional package can be imported."""
    try:
        there = importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        there = False
    if there:
        return Finding(name, "ok", "installed")
    advice = f"install it: pip install {extra}"
    if needed:
        return Finding(name, "fail", "not installed, and the configuration asks for it", advice)
    return Finding(name, "warn", "not installed", f"{advice} (it is optional)")


def check_port(key: str, port: int) -> Finding:
    """Whether a simulated venue can listen on its port; 0 is any free one."""
    name = f"port of {key}"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            advice = f"set sim.ports.{key} to 0 or to a free port"
            return Finding(name, "fail", f"{port}: {error.strerror}", advice)
    return Finding(name, "ok", f"{port} is free" if port else "any free one")


def check_api(host: str, port: int) -> Finding:
    """Whether the API can listen; a daemon that already does is the usual reason why not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            advice = "set api.port to 0 or to a free port, unless it is a daemon of yours"
            return Finding("API", "warn", f"{host}:{port}: {error.strerror}", advice)
    return Finding("API", "ok", f"{host}:{port} is free" if port else f"{host}, any free port")


def check_socket(path: Path) -> Finding:
    """Whether the control socket can be made, and no daemon answers on it already."""
    name = "control socket"
    folder = path.parent
    if not _is_folder(folder) or not os.access(folder, os.W_OK | os.X_OK):
        advice = "make the folder, or set control.socket elsewhere"
        return Finding(name, "fail", f"{folder} is no folder to write in", advice)
    if not os.access(path, os.F_OK):
        return Finding(name, "ok", f"{path} is free")
    if not path.is_socket():
        advice = "move that file away, or set control.socket elsewhere"
        return Finding(name, "fail", f"{path} is another kind of file", advice)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return Finding(name, "ok", f"{path} was left behind and will be replaced")
        except OSError as error:
            advice = "a daemon of another user may run here: set control.socket elsewhere"
            return Finding(name, "warn", f"{path}: {error.strerror or error}", advice)
    advice = "stop that daemon before another one is started here"
    return Finding(name, "warn", f"a daemon answers on {path}", advice)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # no right to look into a folder above it
        return False


def _size(count: int) -> str:
    return f"{count / _MEBIBYTE:,.1f} MiB"
