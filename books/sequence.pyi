from enum import IntEnum

class Verdict(IntEnum):
    APPLY = 0
    STALE = 1
    GAP = 2

class SequenceRule:
    in_stream: bool
    ordered_quotes: bool
    def judge(self, held: int, fresh: bool, first: int, last: int, prev: int = -1) -> Verdict: ...

class ChainRule(SequenceRule): ...
