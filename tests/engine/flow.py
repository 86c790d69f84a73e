"""Seeded streams of command records that reach every type and mode, dense enough to collide."""

import random

from engine.code import KEEP, Op, State, Stp, Tif, Type
from engine.record import Command
from engine.rules import BookRules

ACCOUNTS = 6
MID = 1000


def random_rules(rng):
    """Rules with every option now and then."""
    return BookRules(
        allocation=rng.randrange(2),
        top_order=rng.randrange(2),
        min_share=rng.choice((0, 0, 2, 5)),
        collar=rng.choice((0, 0, 1_500_000)),
        halt_band=rng.choice((0, 0, 0, 600_000)),
        maker_fee=rng.choice((0, -10_000, 20_000, 333_333)),
        taker_fee=rng.choice((0, 50_000, 777_777)),
        base_unit=rng.choice((1, 7)),
        quote_unit=rng.choice((1, 13)),
        queue_model=rng.randrange(3),
    )


def random_new(rng, order_id, now):
    """One order; a few are malformed on purpose."""
    kind = rng.choices(list(Type), (70, 10, 10, 10))[0]
    tif = rng.choices(list(Tif), (60, 15, 10, 8, 7))[0]
    has_price = kind in (Type.LIMIT, Type.STOP_LIMIT)
    has_stop = kind in (Type.STOP, Type.STOP_LIMIT)
    qty = rng.choice((1, 2, 3, 5, 8, 20, 60))
    bad = rng.random() < 0.02
    return Command(
        Op.NEW,
        side=rng.randrange(2),
        type=kind,
        tif=tif,
        stp=rng.choices(list(Stp), (60, 10, 10, 10, 10))[0],
        post_only=int(kind == Type.LIMIT and tif != Tif.IOC and rng.random() < 0.15),
        account=rng.randrange(1, ACCOUNTS + 1),
        id=order_id,
        price=MID + rng.randint(-12, 12) if has_price or bad else 0,
        qty=qty if rng.random() > 0.01 else rng.choice((0, -1, 1 << 41)),
        stop_price=MID + rng.randint(-10, 10) if has_stop else 0,
        display=rng.randint(1, qty) if has_price and rng.random() < 0.2 else 0,
        expire_at=now + rng.randint(0, 60) if tif == Tif.GTD else 0,
    )


def random_command(rng, step, ids, now, *, external=True):
    """One command of any kind."""
    kind = rng.random()
    time = now if rng.random() < 0.3 else 0
    if kind < 0.62:
        order_id = step + 1 if rng.random() < 0.97 else rng.choice(ids or [1])
        ids.append(order_id)
        return random_new(rng, order_id, now)._replace(time=time)
    target = rng.choice(ids[-60:]) if ids else 1
    if kind < 0.76:
        return Command(Op.CANCEL, id=target, time=time)
    if kind < 0.88:
        price = rng.choice((KEEP, MID + rng.randint(-12, 12)))
        return Command(Op.REPLACE, id=target, price=price, qty=rng.choice((KEEP, 0, 1, 4, 30)))
    if kind < 0.89:
        return Command(Op.CANCEL_ALL, account=rng.randrange(1, ACCOUNTS + 1))
    if kind < 0.92:
        state = State.OPEN if rng.random() < 0.7 else rng.choice(list(State))
        return Command(Op.SET_STATE, qty=state)
    if kind < 0.925:
        return Command(Op.END_OF_DAY)
    if kind < 0.935:
        account = rng.randrange(1, 4)
        return Command(Op.DEPOSIT, account=account, price=rng.randrange(2), qty=20_000)
    return random_external(rng) if external else Command(Op.ADVANCE, time=now)


def random_external(rng):
    """One figure from the outside."""
    side, price = rng.randrange(2), MID + rng.randint(-9, 9)
    op = rng.choices((Op.EXTERNAL_SET, Op.EXTERNAL_PRINT, Op.EXTERNAL_CLEAR), (5, 3, 1))[0]
    return Command(op, side=side, price=price, qty=rng.choice((0, 1, 3, 10, 40)))


def random_commands(seed, count, *, external=True):
    """Return rules and a list of commands."""
    rng = random.Random(seed)
    rules = random_rules(rng)
    ids, commands = [], []
    for step in range(count):
        commands.append(random_command(rng, step, ids, step // 2, external=external))
        # A book must not stay shut for long.
        if rng.random() < 0.03:
            commands.append(Command(Op.SET_STATE, qty=State.OPEN))
    return rules, commands
