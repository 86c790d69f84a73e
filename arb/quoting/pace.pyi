class Pace:
    rate: int
    burst: int
    tokens: int
    at_ns: int
    @classmethod
    def of(cls, rate: int, burst: int) -> Pace: ...
    @classmethod
    def at(cls, venue: str) -> Pace: ...
    def take(self, now: int) -> bool: ...
