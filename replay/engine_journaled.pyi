from collections.abc import Callable

from engine.core import Engine

from .segment_core import RecordLog

class JournaledEngine(Engine):
    def attach(self, log: RecordLog, flush: Callable[[], object] | None = None) -> None: ...
    @property
    def waiting(self) -> bool: ...
    def acknowledge(self) -> None: ...
