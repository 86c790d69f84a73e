"""Grades: why a quote may not be used for a purpose."""

from enum import IntFlag


class Grade(IntFlag):
    """Reasons against a quote, as bits; no bit means good.

    How long a quote has been unchanged is never a reason: a quiet pair is not stale. HORIZON says
    that the touch comes near the end of what the snapshot vouched for, BEYOND_HORIZON that it is
    past it: a better level may be there that nobody told of.
    """

    GOOD = 0
    NOT_LIVE = 1
    SILENT = 2
    LAGGING = 4
    CROSSED = 8
    LOCKED = 16
    ONE_SIDED = 32
    REFERENCE = 64
    HORIZON = 128
    AUDIT = 256
    BEYOND_HORIZON = 512

    @property
    def labels(self) -> list[str]:
        """The reasons in words, most serious first."""
        return [flag.name.lower().replace("_", " ") for flag in Grade if flag in self and flag.name]


#: A quote with one of these bits may not be priced against or traded on.
UNUSABLE = (
    Grade.NOT_LIVE
    | Grade.SILENT
    | Grade.LAGGING
    | Grade.CROSSED
    | Grade.ONE_SIDED
    | Grade.AUDIT
    | Grade.BEYOND_HORIZON
)
