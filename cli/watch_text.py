"""Lines of a screen: cut or filled to a width, packed, and set beside each other."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from rich.text import Text

Lines = list[Text]


def fit(line: Text, width: int) -> Text:
    """Return a line that takes exactly so many cells; what is cut off ends in an ellipsis."""
    fitted = line.copy()
    # Looking for places to wrap a line that fits would take a third of the drawing.
    fitted.no_wrap = True
    fitted.truncate(max(width, 0), overflow="ellipsis", pad=True)
    return fitted


def packed(parts: Iterable[Text], width: int, gap: str = "  ", keep: int = 1) -> Text:
    """Return parts in a line, the most important first, as far as they fit.

    The first `keep` are cut rather than left out; of the others, what does not fit is left out.
    """
    line = Text()
    for at, part in enumerate(parts):
        before = len(gap) if at else 0
        if at >= keep and line.cell_len + before + part.cell_len > width:
            continue
        line.append(gap[:before])
        line.append_text(part)
    return fit(line, width)


def spread(left: Text, right: Text, width: int) -> Text:
    """Return a line with a part at each end; the left one gives way."""
    line = fit(left, width - right.cell_len - 1)
    line.append(" ")
    line.append_text(right)
    return fit(line, width)


def beside(blocks: Sequence[Lines], widths: Sequence[int], between: str = " │ ") -> Lines:
    """Return blocks of lines next to each other, the shorter ones filled up."""
    out = []
    for row in zip_longest(*blocks, fillvalue=Text()):
        line = Text()
        for at, (part, width) in enumerate(zip(row, widths, strict=True)):
            if at:
                line.append(between, "dim")
            line.append_text(fit(part, width))
        out.append(line)
    return out


def rule(name: str, width: int) -> Text:
    """Return a titled rule across a width."""
    line = Text("── ", "dim")
    line.append(name, "bold")
    line.append(" " + "─" * max(width - line.cell_len - 1, 0), "dim")
    return fit(line, width)


def shares(width: int, count: int, between: int = 3) -> list[int]:
    """Return the widths of so many columns that fill a width; the first take what is left over."""
    room = max(width - between * (count - 1), count)
    return [room // count + (at < room % count) for at in range(count)]
