"""What a person, a file, a signal or the driver asks of a desk; each is a recorded input."""

from collections.abc import Callable
from functools import partial

from arb import manual
from arb.desk import TradingDesk
from arb.risk.reason import Cause, RiskState
from arb.schedule import request as schedule_request
from arb.world import World

#: Pauses a schedule, lets it go on or cancels it.
SCHEDULE = "schedule"


class CommandError(ValueError):
    """The argument means nothing; the message says what was expected."""


def command(desk: TradingDesk, name: str, argument: str, now: int) -> bool:
    """Carry out a command in every world; False for one that is not ours, CommandError."""
    act = partial(_by_hand, name) if name in manual.MANUAL else _ACTS.get(name)
    if act is None:
        return False
    for world in desk.worlds.values():
        world.trader.now = world.trader.store.now = now
        act(world, argument)
    return True


def check(name: str, argument: str) -> None:
    """Raise CommandError for an argument that means nothing to the command."""
    if name == "resume":
        _causes(argument)
    elif name == "approve":
        _ticket(argument)
    elif name == SCHEDULE:
        _schedule_request(argument)
    elif name in manual.MANUAL:
        _parsed(name, argument)


def refusal(desk: TradingDesk, name: str, argument: str) -> str:
    """Return why a command cannot be carried out as the desk stands now, '' when it can."""
    try:
        check(name, argument)
    except CommandError as error:
        return str(error)
    if name != SCHEDULE:
        return ""
    traders = [world.trader for world in desk.worlds.values()]
    return schedule_request.refusal(traders, [one.name for one in desk.waiting], argument)


def _halt(world: World, argument: str) -> None:
    world.trader.halt(Cause.USER, argument or "asked for")
    # Of causes that stand already nobody hears again; their orders are cancelled all the same.
    world.trader.store.cancel_all()


def _resume(world: World, argument: str) -> None:
    """Lift causes; after a drawdown the next one is counted from here."""
    trader = world.trader
    world.flattener.stop()
    causes = _causes(argument)
    if Cause.DRAWDOWN in trader.switch.causes and (not causes or Cause.DRAWDOWN in causes):
        trader.breakers.rebase(trader.profit())
    if Cause.RECONCILIATION in trader.switch.causes and (
        not causes or Cause.RECONCILIATION in causes
    ):
        world.accept()
    trader.switch.resume(*causes)


def _run(world: World, argument: str) -> None:
    """The run begins: its orders are known at venues by this prefix."""
    try:
        world.begin(argument)
    except ValueError as error:
        raise CommandError(str(error)) from None


def _withdraw(world: World, _argument: str) -> None:
    """The daemon is about to stop."""
    world.withdraw()


def _cancel_all(world: World, _argument: str) -> None:
    world.trader.store.cancel_all()


def _flatten(world: World, _argument: str) -> None:
    """Halt first: what is closed would be opened again otherwise."""
    _halt(world, "flattening")
    world.flattener.start(world.trader.now)


def _approve(world: World, argument: str) -> None:
    number, name = _ticket(argument)
    if not name or name == world.name:
        sent = world.trader.approve(number)
        world.trader.on_event("approved" if sent else "not approved", (number,))


def _schedule(world: World, argument: str) -> None:
    _schedule_request(argument)
    schedule_request.carry_out(world.trader, argument)


def _schedule_request(argument: str) -> None:
    try:
        schedule_request.parse(argument)
    except schedule_request.ScheduleRequestError as error:
        raise CommandError(str(error)) from None


def _by_hand(name: str, world: World, argument: str) -> None:
    _parsed(name, argument)
    manual.act(world.trader, name, argument)


def _parsed(name: str, argument: str) -> None:
    try:
        manual.parse(name, argument)
    except manual.ManualError as error:
        raise CommandError(str(error)) from None


def _unrecorded(world: World, argument: str) -> None:
    """What is not recorded cannot be proved: only what reduces positions goes on."""
    world.trader.switch.trip(Cause.RECORDING, RiskState.REDUCE, argument)


def _not_restored(world: World, argument: str) -> None:
    """Nobody knows what was held: whether to begin anew is a person's to say."""
    world.trader.halt(Cause.RECONCILIATION, argument)


_ACTS: dict[str, Callable[[World, str], None]] = {
    "halt": _halt,
    "resume": _resume,
    "cancel-all": _cancel_all,
    "flatten": _flatten,
    "approve": _approve,
    SCHEDULE: _schedule,
    "recording-stopped": _unrecorded,
    "not-restored": _not_restored,
    "run": _run,
    "withdraw": _withdraw,
}
#: What a person may ask for.
COMMANDS = ("halt", "resume", "cancel-all", "flatten", "approve", SCHEDULE, *manual.MANUAL)


def _causes(argument: str) -> tuple[Cause, ...]:
    """Return causes by name, separated by commas; nothing stands for all."""
    names = [name.strip().upper().replace("-", "_") for name in argument.split(",") if name]
    try:
        return tuple(Cause[name] for name in names)
    except KeyError as error:
        known = ", ".join(cause.name.lower() for cause in Cause)
        raise CommandError(f"no cause {error.args[0].lower()!r}; there are: {known}") from None


def _ticket(argument: str) -> tuple[int, str]:
    """Return the number of a held order, and the world it waits in or '' for all."""
    text, _, world = argument.partition(" ")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise CommandError(f"{argument[:40]!r}: expected the number of an order that waits")
    return int(text), world
