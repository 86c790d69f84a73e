"""`crossquote fault`: lays a fault on a simulated venue, and scores what a daemon made of it."""

import argparse
import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api.client import DoorClient
from api.errors import DoorError, DoorPathError
from api.world_client import WorldClient
from cache.client import QuoteClient, open_reader
from cache.l2_errors import L2Error
from cli.door import SOCKET_DEFAULT, refuse, tell
from sim.score.judge import ALLOWANCE_NS
from sim.score.observer import DoorReader, Observer, shared_memory
from sim.score.report import judged, scored
from sim.server.spell import AMOUNT_MS_MAX, SECONDS_MAX, Kind, SpellOrder

SIM_SOCKET_DEFAULT = Path("crossquote-sim.sock")
TIMEOUT_SECONDS = 15.0
ALLOWANCE_MS_MAX = 10_000
_EXAMPLES = """examples:
  crossquote fault drop --venue binance --for 10            of `crossquote run`, in this folder
  crossquote fault delay --venue coinbase --for 10 --amount-ms 4000 --json
  crossquote fault stall --venue binance --for 8 --sim-socket sim.sock --socket daemon.sock

exit codes: 0 nothing wrong was readable and all recovered, 1 otherwise, 2 wrong usage
"""
_LOOK_S = 0.001
_DOOR_S = 0.05
_BEFORE_S = 1.0
_STEADY_S = 1.5
_RECOVER_S = 90.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "kind",
        choices=[kind.value for kind in Kind],
        metavar="FAULT",
        help=", ".join(kind.value for kind in Kind),
    )
    parser.add_argument("--venue", required=True, help="binance or coinbase")
    parser.add_argument(
        "--for",
        dest="seconds",
        type=float,
        required=True,
        metavar="SECONDS",
        help=f"how long, at most {SECONDS_MAX:g}",
    )
    parser.add_argument(
        "--rate",
        type=float,
        default=0.0,
        metavar="R",
        help="share of the frames that are met; of disconnect: cuts a second",
    )
    parser.add_argument(
        "--amount-ms",
        type=int,
        default=0,
        metavar="MS",
        help=f"of delay and skew, at most {AMOUNT_MS_MAX}",
    )
    parser.add_argument(
        "--channel", default="", help="meet only frames whose channel has this in its name"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the choice of frames")
    parser.add_argument(
        "--recover-within",
        type=float,
        default=_RECOVER_S,
        metavar="SECONDS",
        help=f"how long to wait for quotes to be back (default {_RECOVER_S:g})",
    )
    parser.add_argument(
        "--allowance-ms",
        type=int,
        default=ALLOWANCE_NS // 1_000_000,
        metavar="MS",
        help="what a frame may take to show in a quote, more on a busy machine (default: "
        f"{ALLOWANCE_NS // 1_000_000})",
    )
    parser.add_argument(
        "--apply-only", action="store_true", help="no score: there need be no daemon"
    )
    parser.add_argument(
        "--socket",
        type=Path,
        default=SOCKET_DEFAULT,
        metavar="PATH",
        help=f"the daemon's control socket (default: {SOCKET_DEFAULT}, here)",
    )
    parser.add_argument(
        "--sim-socket",
        type=Path,
        metavar="PATH",
        help=f"that of the venues (default: what the daemon says, else {SIM_SOCKET_DEFAULT}, here)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Lay the fault and print the score; returns 0, 1 for a bad score, 2 for wrong usage."""
    given = {
        "seconds": args.seconds,
        "rate": args.rate,
        "amount_ms": args.amount_ms,
        "channel": args.channel,
        "seed": args.seed,
    }
    if not 0 <= args.allowance_ms <= ALLOWANCE_MS_MAX:
        return refuse("fault", f"--allowance-ms: not within 0 and {ALLOWANCE_MS_MAX}")
    try:
        SpellOrder(Kind(args.kind), **given)
    except ValueError as error:
        return refuse("fault", str(error))
    try:
        with contextlib.ExitStack() as stack:
            return _trial(args, {"kind": args.kind, **given}, stack)
    except DoorPathError as error:
        return refuse("fault", f"--socket: {error}")
    except (DoorError, L2Error, _TrialError) as error:
        print(f"crossquote fault: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        raise KeyboardInterrupt("a fault that was laid lasts for its time") from None


class _TrialError(Exception):
    """The fault cannot be laid or scored; the message says why."""


def _trial(args: argparse.Namespace, given: dict[str, Any], stack: contextlib.ExitStack) -> int:
    if args.apply_only:
        world = stack.enter_context(_world(args.sim_socket or SIM_SOCKET_DEFAULT))
        _accepted(world.fault(args.venue, given))
        while not world.spell()["over"]:
            time.sleep(_DOOR_S)
        spell = world.spell()
        tell(spell, lambda: [f"{spell['kind']}: acted {spell['acted']} times"], args.json)
        return 0
    door = stack.enter_context(DoorClient(args.socket, TIMEOUT_SECONDS))
    status = door.status()
    told = status.get("sim_socket") or SIM_SOCKET_DEFAULT
    world = stack.enter_context(_world(args.sim_socket or Path(told)))
    client = QuoteClient(open_reader(status["l2"]["path"]))
    stack.callback(client.close)
    listings = _accepted(world.watch(args.venue))["listings"]
    stack.callback(_forget, world)
    watch = _Watch(door, client, args.venue, listings, args.allowance_ms * 1_000_000)
    report = watch.score(world, given, args.recover_within)
    tell(report, lambda: _lines(report), args.json)
    return 0 if report["ok"] else 1


def _world(path: Path) -> WorldClient:
    return WorldClient(path, TIMEOUT_SECONDS)


def _forget(world: WorldClient) -> None:
    """Leave the venues as they were; they may be gone by now."""
    with contextlib.suppress(DoorError):
        world.unwatch()


def _accepted(answer: dict[str, Any]) -> dict[str, Any]:
    if not answer.get("accepted"):
        raise _TrialError(str(answer.get("reason")))
    return answer


class _Watch:
    """Reads one venue's quotes as a client does: in shared memory, and at the door."""

    def __init__(
        self,
        door: DoorClient,
        client: QuoteClient,
        venue: str,
        listings: list[str],
        allowance_ns: int,
    ) -> None:
        self._venue = venue
        self._allowance_ns = allowance_ns
        held = {row["instrument"] for row in door.books(0)}
        names = [name for name in listings if name in held]
        if not names:
            raise _TrialError(f"the daemon has no book of {venue}")
        self._names = names
        self._door_reader = DoorReader(lambda: door.books(0))
        self._memory = Observer(names, shared_memory(client))
        self._books = Observer(names, self._door_reader.read)
        self._door_due_s = 0.0

    def score(self, world: WorldClient, given: dict[str, Any], recover_s: float) -> dict[str, Any]:
        """Lay the fault, wait for its end and for recovery, and return the report."""
        if not self._until(self._memory.readable, _RECOVER_S):
            raise _TrialError("not every quote of the venue is readable; nothing was done")
        from_ns = time.monotonic_ns() + round(_BEFORE_S / 2 * 1e9)
        self._until(lambda: False, _BEFORE_S)
        condemned = self._door_reader.condemned(self._names)
        _accepted(world.fault(self._venue, given))
        spell: dict[str, Any] = {}
        self._until(lambda: False, given["seconds"])

        def over() -> bool:
            spell.update(world.spell())
            return bool(spell["over"])

        self._until(over, TIMEOUT_SECONDS)
        recovered = self._steady(recover_s)
        condemned = self._door_reader.condemned(self._names) - condemned
        truths = world.truth()
        tiers = {
            name: judged(truths, observer.readings, from_ns, self._allowance_ns)
            for name, observer in (("shared_memory", self._memory), ("door", self._books))
        }
        return scored(spell, truths, tiers, recovered, condemned)

    def _steady(self, recover_s: float) -> bool:
        """Wait until every quote has been readable for a while; False when the time is up."""
        deadline_s = time.monotonic() + recover_s
        while (left_s := deadline_s - time.monotonic()) > 0.0:
            if not self._until(self._memory.readable, left_s):
                return False
            if not self._until(lambda: not self._memory.readable(), _STEADY_S):
                return True
        return False

    def _until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Look again and again until something holds or the time is up; returns which."""
        deadline_s = time.monotonic() + seconds
        while (now_s := time.monotonic()) < deadline_s:
            if now_s >= self._door_due_s:
                self._door_due_s = now_s + _DOOR_S
                self._door_reader.ask()
                self._books.look()
            self._memory.look()
            if holds():
                return True
            time.sleep(_LOOK_S)
        return False


def _lines(report: dict[str, Any]) -> list[str]:
    def ms(key: str) -> str:
        return "none" if report[key] is None else f"{report[key]:.1f} ms"

    verdict = "ok" if report["ok"] else "NOT OK"
    head = f"{report['fault']} at {report['venue']} for {report['seconds']:g} s"
    out = [
        f"{head}, met {report['acted']} times: {verdict}",
        f"time to detect   {ms('detect_ms')} ({report['detect']})",
        f"time to recover  {ms('recover_ms')}" + ("" if report["recovered"] else " (not in time)"),
        f"wrong quote readable for {ms('wrong_ms')}",
    ]
    if report["requests_while_told_to_wait"]:
        out.append(f"requests while told to wait: {report['requests_while_told_to_wait']}")
    for tier, rows in report["tiers"].items():
        for name, row in rows.items():
            out.append(
                f"  {tier:<13} {name:<20} unreadable {row['unreadable_ms']:.1f} ms in"
                f" {row['outages']} outages {', '.join(row['reasons'])}"
            )
            out += [f"    {example}" for example in row["examples"]]
    return out
