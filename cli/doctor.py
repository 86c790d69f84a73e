"""`crossquote doctor`: looks at machine, installation and daemon, and says what to do."""

import argparse
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from . import doctor_machine as machine
from .config import add_config_argument
from .doctor_core import check_core
from .doctor_daemon import examine_daemon
from .doctor_machine import Finding
from .output import emit, emit_json
from .settings import Settings, SettingsError, load

_EXAMPLES = """examples:
  crossquote doctor
  crossquote doctor --config trading.yaml --json

Where a daemon runs with this configuration, it is looked at too.
exit codes: 0 nothing failed, 1 a check failed, 2 wrong usage
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    add_config_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the findings; returns 1 when a check failed."""
    findings = list(examine(args.config, os.environ))
    failed = any(one.verdict == "fail" for one in findings)
    if args.json:
        rows = [
            {"check": one.name, "verdict": one.verdict, "found": one.found, "advice": one.advice}
            for one in findings
        ]
        emit_json({"ok": not failed, "checks": rows})
    else:
        emit(_report(findings))
    return 1 if failed else 0


def examine(file: Path | None, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Yield every finding; where the configuration is refused, its defaults are looked at."""
    yield machine.check_python()
    yield check_core()
    settings = Settings(version=1)
    try:
        loaded = load(file, environment)
    except SettingsError as error:
        first, count = error.problems[0], len(error.problems)
        advice = "run `crossquote config check`; what follows looks at the defaults"
        more = f" (and {count - 1} more)" if count > 1 else ""
        yield Finding("configuration", "fail", f"{first}{more}", advice)
    else:
        settings = loaded.settings
        found = f"{loaded.file or 'built-in defaults'}, mode {settings.mode}"
        yield Finding("configuration", "ok", found)
        yield from _secret_files(environment, loaded.secrets.origins)
    yield from _machine(settings)


def _machine(settings: Settings) -> Iterator[Finding]:
    l2, recording, ports = settings.l2, settings.recording, settings.sim.ports
    if l2.enabled:
        yield machine.check_shared_memory(Path(l2.path), l2.slots, l2.depth)
    yield machine.check_clock()
    yield machine.check_ntp(machine.kernel_clock_state())
    yield machine.check_files()
    if recording.enabled:
        yield machine.check_disk(Path(recording.dir), recording.segment_mb, recording.retain_mb)
    yield machine.check_lag(machine.measure_lag_ns())
    yield machine.check_module("uvloop", "uvloop", needed=True)
    fast = settings.transport.library == "picows"
    yield machine.check_module("picows", "-e '.[fast]'", needed=fast)
    if settings.mode == "sim":
        yield machine.check_port("binance", ports.binance)
        yield machine.check_port("coinbase", ports.coinbase)
    yield from _daemon(settings)


def _daemon(settings: Settings) -> Iterator[Finding]:
    """Yield what is found at the running daemon; where none runs, whether one could open a door."""
    socket, l2 = Path(settings.control.socket), settings.l2
    table = Path(l2.path) if l2.enabled else None
    found = list(examine_daemon(socket, table, settings.recording.retain_mb))
    if found:
        yield from found
        return
    if settings.api.enabled:
        yield machine.check_api(settings.api.host, settings.api.port)
    yield machine.check_socket(socket)


def _secret_files(
    environment: Mapping[str, str], origins: Mapping[str, object]
) -> Iterator[Finding]:
    """Yield a warning for each file of a credential that others than its owner may read."""
    for name in origins:
        file = environment.get(f"{name}_FILE")
        if file and Path(file).stat().st_mode & 0o077:
            found = f"{file} may be read by others than its owner"
            yield Finding(f"{name}_FILE", "warn", found, f"run `chmod 600 {file}`")


def _report(findings: list[Finding]) -> str:
    width = max(len(one.name) for one in findings)
    out: list[str] = []
    for one in findings:
        out.append(f"{one.verdict:<4}  {one.name:<{width}}  {one.found}")
        if one.advice:
            out.append(f"{'':<4}  {'':<{width}}  -> {one.advice}")
    counts = dict.fromkeys(("ok", "warn", "fail"), 0)
    for one in findings:
        counts[one.verdict] += 1
    out.append(f"\n{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} failed")
    return "\n".join(out)
