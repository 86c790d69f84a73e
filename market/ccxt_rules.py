"""Rules and fees as ccxt knows them, through a child process and a small file of its making.

This is for the edges of the system: it runs processes and reads files, the node never does. The
clock is passed in. Nothing here imports ccxt.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import orjson
from cachetools import TTLCache

from market import instruments_file, rows
from market.ccxt_child import EXIT_NETWORK, FORMAT, OUTPUT_MAX
from market.fees import Fees, FeeSchedule, rate_ppb
from market.instrument import VENUES, Instrument

#: Rules change a few times a year, fees with the tier.
AGE_MAX_NS = 24 * 3600 * 10**9
TIMEOUT_S = 60
_TIME_MAX_NS = 2**63 - 1
#: What is kept of a failing child's last words.
_STDERR_TAIL = 4096
#: The child asks public endpoints only: what could be a key stays with us.
_SECRETS = ("BINANCE_", "COINBASE_", "CROSSQUOTE_")


class CcxtError(Exception):
    """The child gave no rules."""


class CcxtTimeoutError(CcxtError):
    """It did not end in time and was killed."""


class CcxtNetworkError(CcxtError):
    """It did not reach the venue."""


class CcxtExitError(CcxtError):
    """It ended with an error; the message has the exit code and its last line."""


class CcxtOutputError(CcxtError):
    """Its file is missing, too large, no JSON, or not what it must be."""


@dataclass(frozen=True, slots=True)
class VenueRules:
    """What ccxt said of one venue at `fetched_ns`; `fees` is None where it stated none."""

    venue: str
    fetched_ns: int
    instruments: tuple[Instrument, ...]
    fees: Fees | None
    fee_exceptions: tuple[tuple[str, Fees], ...]
    problems: tuple[str, ...]

    def apply_to(self, schedule: FeeSchedule) -> FeeSchedule:
        """Return the schedule with these fees."""
        if self.fees is not None:
            schedule = schedule.with_venue(self.venue, self.fees)
        exceptions = {(self.venue, native): fees for native, fees in self.fee_exceptions}
        return replace(schedule, instruments={**schedule.instruments, **exceptions})


class CcxtRules:
    """Venue rules by way of ccxt: from memory, else from a fresh file, else from a new child."""

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], int],
        *,
        age_max_ns: int = AGE_MAX_NS,
        timeout_s: float = TIMEOUT_S,
        base_url: str = "",
        command: Sequence[str] = (sys.executable, "-m", "market.ccxt_child"),
    ) -> None:
        """Keep the files in `folder`; `clock` gives nanoseconds since the epoch.

        `base_url` stands in for the venue's hosts; `command` starts the child.
        """
        self._folder = folder
        self._clock = clock
        self._age_max_ns = age_max_ns
        self._timeout_s = timeout_s
        self._base_url = base_url
        self._command = tuple(command)
        self._parsed: TTLCache[str, VenueRules] = TTLCache(len(VENUES), age_max_ns, timer=clock)

    def rules(self, venue: str) -> VenueRules:
        """Return rules no older than the limit; raises CcxtError and its kinds."""
        kept = self._parsed.get(venue)
        # The file may have been old already when it was parsed: its own time counts too.
        if kept is not None and self._fresh(kept):
            return kept
        try:
            found = self._read(venue)
        except CcxtOutputError:
            found = None
        if found is None or not self._fresh(found):
            self._run(venue)
            found = self._read(venue)
        self._parsed[venue] = found
        return found

    def path(self, venue: str) -> Path:
        """Return the file of a venue."""
        return self._folder / f"ccxt-{venue}.json"

    def _fresh(self, rules: VenueRules) -> bool:
        return 0 <= self._clock() - rules.fetched_ns < self._age_max_ns

    def _run(self, venue: str) -> None:
        """Run one child to its end."""
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [*self._command, venue, "--out", str(self.path(venue))]
        command += ["--now-ns", str(self._clock())]
        if self._base_url:
            command += ["--base-url", self._base_url]
        kept = {name: text for name, text in os.environ.items() if not name.startswith(_SECRETS)}
        # A file and no pipe: a chattering child can neither block nor fill our memory.
        with tempfile.TemporaryFile() as stderr:
            try:
                done = subprocess.run(  # noqa: S603 - our own module, no shell
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=stderr,
                    timeout=self._timeout_s,
                    env=kept,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise CcxtTimeoutError(f"{venue}: no rules within {self._timeout_s} s") from error
            except OSError as error:
                raise CcxtExitError(f"{venue}: the child did not start: {error}") from error
            if done.returncode:
                kind = CcxtNetworkError if done.returncode == EXIT_NETWORK else CcxtExitError
                raise kind(f"{venue}: exit code {done.returncode}: {_last_line(stderr)}")

    def _read(self, venue: str) -> VenueRules:
        path = self.path(venue)
        try:
            with path.open("rb") as file:
                content = file.read(OUTPUT_MAX + 1)
        except OSError as error:
            raise CcxtOutputError(f"{venue}: no file of rules: {error.strerror}") from error
        if len(content) > OUTPUT_MAX:
            raise CcxtOutputError(f"{venue}: {path.name} is over {OUTPUT_MAX} bytes")
        return parse(content, venue)


def parse(content: bytes, venue: str) -> VenueRules:
    """Return what a child's file says of `venue`; raises CcxtOutputError."""
    try:
        value = rows.table(orjson.loads(content), "rules")
        if value.get("format") != FORMAT or value.get("venue") != venue:
            raise rows.RowError(f"not format {FORMAT} or not of {venue}")
        listed, problems = instruments_file.instruments(value.get("instruments"), origin="ccxt")
        exceptions = rows.table(value.get("fee_exceptions"), "fee_exceptions")
        usual = value.get("fees")
        return VenueRules(
            venue=venue,
            fetched_ns=rows.whole(value, "fetched_ns", most=_TIME_MAX_NS),
            instruments=tuple(one for one in listed if one.venue == venue),
            fees=None if usual is None else _fees(usual),
            fee_exceptions=tuple((native, _fees(pair)) for native, pair in exceptions.items()),
            problems=(*_texts(value.get("problems")), *problems),
        )
    except ValueError as error:
        raise CcxtOutputError(f"{venue}: bad rules: {error}") from error


def _fees(pair: object) -> Fees:
    match pair:
        case [str(maker), str(taker)]:
            return Fees(rate_ppb(maker), rate_ppb(taker))
    raise rows.RowError(f"fees: expected [maker, taker] as text, got {rows.shown(pair)}")


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or len(value) > rows.ROWS_MAX:
        raise rows.RowError(f"problems: expected a list, got {rows.shown(value)}")
    return [str(line) for line in value]


def _last_line(stderr: IO[bytes]) -> str:
    stderr.seek(max(0, stderr.seek(0, os.SEEK_END) - _STDERR_TAIL))
    lines = stderr.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
