"""What an account traded at one venue in the last 30 days: what its fee tier goes by."""

from dataclasses import dataclass, field

DAY_NS = 86_400_000_000_000
DAYS = 30


@dataclass(slots=True)
class Turnover:
    """Amounts in the reporting currency, by day (UTC) of the venue's clock.

    What was traded counts at once; venues look once an hour or a day. `before` is what was traded
    before the first day, which ages away as a whole after 30 days.
    """

    before: int = 0
    first: int = -1
    days: list[list[int]] = field(default_factory=list)
    total: int = 0

    def add(self, amount: int, now: int) -> None:
        """Take in a trade."""
        self.at(now)
        day = now // DAY_NS
        if self.days and self.days[-1][0] == day:
            self.days[-1][1] += amount
        else:
            self.days.append([day, amount])
        self.total += amount

    def at(self, now: int) -> int:
        """Return the amount traded in the 30 days up to `now`."""
        day = now // DAY_NS
        if self.first < 0:
            self.first, self.total = day, self.total + self.before
        if self.before and day - self.first >= DAYS:
            self.total -= self.before
            self.before = 0
        while self.days and self.days[0][0] <= day - DAYS:
            self.total -= self.days.pop(0)[1]
        return self.total
