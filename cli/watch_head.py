"""The top of the watch screen: the process and its venues; and the table of connections."""

from typing import Any

from rich.text import Text

from .fields import (
    NOTHING,
    count,
    errors_of,
    mapping,
    millis,
    number,
    printable,
    rows,
    seconds,
    signed,
    size_of_bytes,
    text,
)
from .watch_feed import Seen
from .watch_text import Lines, packed, rule

#: States that need no attention, of whatever has a state.
_WELL = {"open", "live", "recording", "connected", "ok", "running", "active", "on"}

#: Loop lag in milliseconds at which it is shown as a warning.
_LAG_MS_WARN = 20.0


def state_style(state: str) -> str:
    """Return the style of a state: unknown ones are neither good nor bad."""
    if state == NOTHING:
        return "dim"
    return "green" if state in _WELL else "yellow"


def head(seen: Seen, width: int) -> Lines:
    """Return the two lines about the process."""
    status = seen.status
    lag = number(mapping(status, "loop_lag_ms"), "p99")
    process = Text.assemble(
        ("crossquote ", "bold"),
        (text(status, "mode"), "bold cyan"),
        f" up {seconds(number(status, 'uptime_seconds'))}",
    )
    rates = Text.assemble(
        (count(seen.inputs_per_second), "bold"),
        (" inputs/s  ", "dim"),
        (count(seen.events_per_second), "bold"),
        (" events/s", "dim"),
    )
    loop = Text.assemble(
        ("loop p99 ", "dim"), (millis(lag), "yellow" if (lag or 0) > _LAG_MS_WARN else "")
    )
    memory = Text.assemble((text(status, "rss_mb"), ""), (" MiB of memory", "dim"))
    recording = mapping(status, "recording")
    held = Text.assemble(size_of_bytes(number(recording, "bytes")), (" on disk", "dim"))
    return [
        packed([process, rates, _recording(recording), held, memory], width, "   ", keep=3),
        packed([*_venues(mapping(status, "venues")), loop, *_rest(status)], width, "   "),
    ]


def _recording(row: dict[str, Any]) -> Text:
    state = text(row, "state")
    out = Text.assemble(("rec ", "dim"), (state, state_style(state)))
    errors = number(row, "errors")
    if errors:
        out.append(f" {count(errors)} errors", "bold red")
    return out


def _venues(venues: dict[str, Any]) -> list[Text]:
    out = []
    for name in venues:
        row = mapping(venues, name)
        state, offset = text(row, "state"), number(row, "offset_ns")
        part = Text.assemble((printable(name), "bold"), " ", (state, state_style(state)))
        if offset is not None:
            part.append(f" clock {signed(offset / 1e6)}ms", "dim")
        out.append(part)
    return out


def _rest(status: dict[str, Any]) -> list[Text]:
    table = mapping(status, "l2")
    queues = mapping(status, "queues")
    out = []
    if table:
        state = text(table, "state")
        out.append(Text.assemble(("shared memory ", "dim"), (state, state_style(state))))
    if queues:
        waiting = "  ".join(f"{printable(name)} {text(queues, name)}" for name in queues)
        out.append(Text.assemble(("queues ", "dim"), waiting))
    return out


def connections(seen: Seen, width: int) -> Lines:
    """Return the table of connections; nothing without any."""
    out = []
    for row in rows(seen.connections):
        state, errors = text(row, "state"), errors_of(row)
        if not number(row, "epoch") and number(row, "replies"):
            state = "requests only"
        line = Text.assemble(
            f"{text(row, 'connection'):<26} ",
            (f"{state:<14}", "dim" if state == "requests only" else state_style(state)),
            f"{count(number(row, 'frames')):>12}",
            (" frames", "dim"),
            f"{count(number(row, 'replies')):>6}",
            (" replies", "dim"),
            f"{count(number(row, 'gaps')):>5}",
            (" gaps", "dim"),
            ("   errors ", "dim"),
            (errors, "dim" if errors == "none" else "yellow"),
        )
        out.append(line)
    return [rule("connections", width), *out] if out else []
