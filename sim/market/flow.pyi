from collections.abc import Sequence

from engine.core import Engine
from sim.exchange.tape import Tape

from .agents import Agents

class Flow:
    def __init__(
        self,
        engine: Engine,
        tape: Tape,
        agents: Sequence[Agents],
        seeds: Sequence[int],
        assets: Sequence[tuple[int, int]],
        first_account: int,
    ) -> None: ...
    @property
    def orders(self) -> int: ...
    def set_fair(self, listing: int, fair: int, sharp: int) -> None: ...
    def set_agents(self, listing: int, agents: Agents) -> None: ...
    def open(self, now_ns: int) -> None: ...
    def run(self, to_ns: int) -> None: ...
