"""A seeded plan of journal steps, each one record, and the states that they lead to."""

import random

from engine.core import Engine
from replay.engine_journal import EngineJournal
from tests.engine.flow import random_commands

SMALL = 16 * 1024


def open_journal(directory, sync="process", **options):
    return EngineJournal(directory, sync=sync, **{"segment_bytes": SMALL, **options})


def packed(commands):
    return b"".join(command.pack() for command in commands)


class Plan:
    """Steps of one instrument and then batches of one to nine commands; one record each."""

    def __init__(self, seed, steps=200):
        rng = random.Random(seed)
        self.rules, commands = random_commands(seed, steps * 5)
        self.batches = []
        while len(self.batches) < steps - 1:
            count = rng.choice((1, 1, 1, 2, 9))
            self.batches.append(packed(commands[:count]))
            commands = commands[count:] or random_commands(rng.randrange(99), steps)[1]

    @property
    def steps(self):
        return 1 + len(self.batches)

    def run(self, engine, step):
        """Run one step; afterwards the journal has one record more."""
        if step == 0:
            engine.add_instrument(self.rules)
        else:
            engine.batch(self.batches[step - 1])

    def state(self, steps):
        """The snapshot after so many steps, by an engine that has no journal."""
        engine = Engine()
        for step in range(steps):
            self.run(engine, step)
            engine.clear()
        return engine.snapshot()
