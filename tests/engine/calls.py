"""Streams of single calls for both twins: every kind of command, and many that follow closely."""

import random
from typing import Final

from engine.code import KEEP, Op, State, Stp, Tif, Type
from engine.record import Command

from .flow import random_commands, random_rules

MID: Final = 1000
#: Beside so many orders the engine under test begins to put things off.
NEAR: Final = (0, 0, 0, 1, 3, 17, 64)
#: How ids are numbered: most venues count; some ids are larger than a key of the engine's table.
NUMBERINGS: Final = (
    lambda number: number,
    lambda number: number + (1 << 32) * (number % 3),
    lambda number: number * 0x9E3779B97F4A7C15 % (1 << 64),
    lambda number: (1 << 31) + number,
)

_CALLS: Final = {
    Op.NEW: lambda c: (
        "new",
        (
            *(c.instrument, c.id, c.account, c.side, c.price, c.qty, c.type, c.tif, c.stp),
            *(c.post_only, c.display, c.stop_price, c.expire_at),
        ),
    ),
    Op.CANCEL: lambda c: ("cancel", (c.id,)),
    Op.REPLACE: lambda c: ("replace", (c.id, c.price, c.qty)),
    Op.CANCEL_ALL: lambda c: ("cancel_all", (c.instrument, c.account)),
    Op.ADVANCE: lambda c: ("advance", (c.time,)),
    Op.END_OF_DAY: lambda c: ("end_of_day", (c.instrument,)),
    Op.SET_STATE: lambda c: ("set_state", (c.instrument, c.qty)),
    Op.DEPOSIT: lambda c: ("deposit", (c.account, c.price, c.qty)),
    Op.EXTERNAL_SET: lambda c: ("external_set", (c.instrument, c.side, c.price, c.qty)),
    Op.EXTERNAL_PRINT: lambda c: ("external_print", (c.instrument, c.side, c.price, c.qty)),
    Op.EXTERNAL_CLEAR: lambda c: ("external_clear", (c.instrument, c.side, c.price)),
}


def call_of(command):
    """Return the name and arguments of the engine's method that does what a record says."""
    return _CALLS[command.op](command)


class _Plain:
    """Mostly plain orders, cancels and replaces, in two narrow books; accounts may be poor."""

    def __init__(self, rng):
        self._rng = rng
        self._ids = [1]
        self._newest = 0
        self._span = rng.choice((2, 4, 8, 20))
        self._takers = rng.choice((1, 4, 10))

    def deposits(self):
        poor = self._rng.choice((0, 200, 2_000, 20_000))
        return [
            Command(Op.DEPOSIT, account=account, price=asset, qty=poor * (1000 if asset else 1))
            for account in range(1, 5)
            for asset in (0, 1)
            if poor
        ]

    def some_id(self):
        return self._rng.choice(self._ids[-10:] if self._rng.random() < 0.7 else self._ids)

    def next_id(self):
        self._newest += 1
        return self._newest

    def new(self):
        rng = self._rng
        order_id = self.next_id() if rng.random() < 0.97 else rng.choice(self._ids)
        self._ids.append(order_id)
        tif = rng.choices((Tif.GTC, Tif.DAY, Tif.IOC, Tif.FOK), (20, 2, self._takers, 1))[0]
        side = rng.randrange(2)
        takes = tif in (Tif.IOC, Tif.FOK) or rng.random() < 0.15
        away = rng.randint(-self._span if takes else 1, self._span)
        return Command(
            Op.NEW,
            instrument=rng.choice([0] * 12 + [1]),
            id=order_id,
            account=rng.randint(1, 4),
            side=side,
            price=MID + (away if side else -away),
            qty=rng.randint(1, 9),
            tif=tif,
            stp=rng.choice([Stp.NONE] * 10 + list(Stp)),
        )

    def rare(self):
        rng = self._rng
        side, near = rng.randrange(2), MID + rng.randint(-3, 3)
        return rng.choice(
            (
                Command(Op.CANCEL_ALL, account=rng.randint(1, 4)),
                Command(
                    Op.SET_STATE,
                    instrument=rng.choice((0, 0, 1)),
                    qty=rng.choice([State.OPEN] * 3 + list(State)),
                ),
                Command(Op.SET_STATE, qty=State.OPEN),
                Command(
                    Op.NEW,
                    id=self.next_id(),
                    account=1,
                    side=side,
                    type=Type.STOP_LIMIT,
                    price=near,
                    stop_price=MID + rng.randint(-3, 3),
                    qty=3,
                ),
                Command(
                    Op.NEW, id=self.next_id(), account=2, side=side, price=near, qty=9, display=2
                ),
            )
        )

    def any(self):
        rng = self._rng
        chance = rng.random()
        if chance < 0.55:
            return self.new()
        if chance < 0.90:
            return Command(Op.CANCEL, id=self.some_id())
        if chance < 0.96:
            price = rng.choice((KEEP, MID + rng.randint(-self._span, self._span)))
            return Command(
                Op.REPLACE, id=self.some_id(), price=price, qty=rng.choice((KEEP, 0, 1, 3, 30))
            )
        return self.rare()


def random_calls(seed):
    """Return rules, how many orders shall count as near, and calls as (name, arguments)."""
    rng = random.Random(seed)
    near, numbered = rng.choice(NEAR), rng.choice([NUMBERINGS[0]] * 3 + list(NUMBERINGS))
    if rng.random() < 0.35:
        rules, commands = random_commands(seed, 400, external=rng.random() < 0.3)
    else:
        rules, plain = random_rules(rng), _Plain(rng)
        commands = plain.deposits() + [plain.any() for _ in range(700)]
    calls = []
    for command in commands:
        if command.time and command.op != Op.ADVANCE:
            calls.append(("advance", (command.time,)))
        calls.append(call_of(command._replace(id=numbered(command.id) if command.id else 0)))
    return rules, near, calls
