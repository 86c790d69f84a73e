"""A daemon that is killed again and again in one folder, and what its recording says in the end.

The driver sees nothing of the process but its files and its door. The recording is judged at the
end, in one replay through all lives: where one life ends and the next begins, the restored node
must be the replayed one, as the hash of its whole state says.
"""

import json
import os
import resource
import signal
import struct
from collections import Counter
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep

import checkpoint
from api.client import DoorClient
from api.errors import DoorError
from arb.live_channel import venue_of
from market.amount import amount_of
from market.effects import EffectKind
from market.inputs import InputKind
from replay.native_reader import Recording
from replay.segment_files import list_segments
from replay.segment_format import HEADER, KIND_MARK, RECORD

from .live_trading import LIMITS, STRATEGIES, VENUE
from .venue_accounts import Accounts, Trade

DEADLINE_S = 60.0
#: Small enough for new segments within a second, large enough for a checkpoint.
SEGMENT_BYTES = 256 * 1024
#: A life is over after so many inputs, or when it has come to so many events of its own.
INPUTS = 300
EVENTS = 2_400


def wait(holds, what):
    """Wait until something holds; what never does fails the test by name."""
    deadline = monotonic() + DEADLINE_S
    while not holds():
        assert monotonic() < deadline, f"{what} did not come in {DEADLINE_S} s"
        sleep(0.002)


class Venues:
    """`crossquote sim` in a process of its own, which outlives every daemon."""

    def __init__(self, nursery, folder):
        folder.mkdir()
        ports = ("--binance-port", "0", "--coinbase-port", "0")
        self._child = nursery.start(folder, "sim", "--json", "--seed", "5", *ports)
        out = folder / "out.txt"
        wait(lambda: self._told(out) is not None, "simulated venues")
        told = self._told(out)
        self.ports = {
            "binance": int(told["binance"]["rest"].split(":")[2].split("/")[0]),
            "coinbase": int(told["coinbase"]["exchange_rest"].rsplit(":", 1)[1]),
        }
        self.accounts = Accounts(self.ports)

    def close(self):
        """End the process."""
        self._child.signal(signal.SIGKILL)
        self._child.ended()

    def _told(self, out):
        assert not self._child.over(), (out.parent / "errors.txt").read_text()
        lines = out.read_text().split("\n") if out.exists() else [""]
        return json.loads(lines[0]) if len(lines) > 1 else None


def sim_lines(venues, folder):
    """Return settings of mode sim at venues that are there."""
    return (
        f"mode: sim\nsim: {{start: false, ports: {json.dumps(venues.ports)}}}\n"
        f"venues: {json.dumps({'binance': VENUE, 'coinbase': VENUE})}\n" + _trading(folder)
    )


def paper_lines(venues, folder):
    """Return settings of mode paper with the feeds of those venues."""
    rows = {}
    for name, port in venues.ports.items():
        at = f"127.0.0.1:{port}"
        rows[name] = {"urls": {"ws": f"ws://{at}", "rest": f"http://{at}"}, **VENUE}
        rows[name] |= {"maker_fee": "0", "taker_fee": "0"}
    return f"mode: paper\nvenues: {json.dumps(rows)}\n" + _trading(folder)


def _trading(folder):
    rows = [
        {"name": one.name, "instruments": list(one.instruments), "keys": one.keys}
        for one in STRATEGIES
    ]
    own = {"reconcile_s": 1, "halt_file": str(folder / "halt"), "limits": LIMITS}
    return f"trading: {json.dumps(own | {'strategies': rows})}\n"


class Lives:
    """The lives of one daemon: started, looked at, killed, started again."""

    def __init__(self, nursery, folder, lines, sync="process"):
        folder.mkdir()
        self.folder = folder
        self.recordings = folder / "recordings"
        self._nursery = nursery
        (folder / "config.yaml").write_text(
            "version: 1\n"
            f"recording: {{dir: {self.recordings}, segment_mb: 1, sync: {sync}}}\n"
            f"control: {{socket: {folder / 'door.sock'}}}\n"
            f"l2: {{path: {folder / 'table.l2'}}}\n"
            "api: {port: 0}\n"
            "log: {file: '', format: json}\n" + lines
        )
        self.child = None
        self.kills = 0
        #: Whether the life before was halted by us.
        self.halted = False
        self.door = DoorClient(folder / "door.sock")
        #: What the door had told when the recording had at most so many records.
        self.told = []

    def start(self, **terms):
        """Start the next life; `terms` may have it kill itself."""
        terms = {"segment_bytes": SEGMENT_BYTES} | terms
        self.child = self._nursery.start(self.folder, "run", "--json", **terms)

    def status(self):
        """Return what the door says, None where nobody opens."""
        try:
            return self.door.status()
        except DoorError:
            return None

    def up(self):
        """Wait for an open door."""
        wait(lambda: self.over() or self.status() is not None, "an open door")
        assert not self.over(), self.errors[-2000:]

    def over(self):
        return self.child.over()

    @property
    def errors(self):
        return (self.folder / "errors.txt").read_text()

    def kill(self):
        """Kill the process, where it does not do so itself, and wait for its end."""
        self.child.signal(signal.SIGKILL)
        assert self.child.ended() == -signal.SIGKILL, self.errors[-2000:]
        self.door.close()
        self.kills += 1

    def fill_disk(self):
        """Let no file grow from now on, and wait until that has stopped the recording."""
        _, most = resource.prlimit(self.child.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.child.pid, resource.RLIMIT_FSIZE, (4096, most))
        wait(lambda: self.status()["recording"]["state"] != "on", "a full disk")

    def look(self):
        """Remember what is acknowledged: how much each world had done, and whether it halted."""
        status = self.status()
        if status is not None:
            worlds = status["trading"]["worlds"]
            seen = {name: (row["fills"], row["state"]) for name, row in worlds.items()}
            self.told.append((records(self.recordings), seen))

    def grown(self, count):
        """Wait until this life has recorded so many inputs more, or is over."""
        before = records(self.recordings)
        wait(
            lambda: records(self.recordings) >= before + count or self.over(),
            f"{count} further records",
        )

    def perish(self, instants):
        """Spend a life that ends at random: a way to die, and when."""
        way = instants.choice(("input", "fill", "fill", "event", "segment", "halt"))
        if way == "event":
            # Up to here it reads, restores, opens its files and its connections.
            self.start(events=instants.randrange(1, EVENTS))
            self.grown(INPUTS)
        elif way == "segment":
            self.start(events=instants.randrange(1, 16), within="recordings/recording-")
            self.grown(3 * INPUTS)
        elif way == "input":
            self.start()
            self.grown(instants.randrange(1, INPUTS))
        elif way == "fill":
            # Soon after one its hedge is on the way.
            self.start()
            self._filled(instants.randrange(1, 4))
            self.grown(instants.randrange(12))
        else:
            self.start()
            self.up()
            assert self.door.command("halt", "test")["accepted"]
            self.halted = True
            self.grown(instants.randrange(1, 40))
        self.look()
        self.kill()

    def _filled(self, count):
        """Wait for so many fills of this life, or until it has lasted long."""
        self.up()
        before, end = sum(self._rows("fills")), records(self.recordings) + 4 * INPUTS
        wait(
            lambda: sum(self._rows("fills")) >= before + count or records(self.recordings) >= end,
            f"{count} fills",
        )

    def resumed(self):
        """Spend the beginning of a life in which a halt of before still stands."""
        self.start()
        self.up()
        worlds = self.status()["trading"]["worlds"]
        assert {row["state"] for row in worlds.values()} == {"HALT"}
        assert all("user" in row["causes"] for row in self.door.risk()["worlds"].values())
        assert self.door.command("resume", "user")["accepted"]
        self.halted = False
        self.grown(1)
        self.kill()

    def halt(self):
        """Halt the last life, and wait until no order is open and every venue agrees."""
        self.start()
        self.up()
        assert self.door.command("halt", "test")["accepted"]
        worlds = self.status()["trading"]["worlds"]
        wait(lambda: not any(self._rows("open_orders")), "the end of every order")
        if "live" in worlds:
            wait(self._agreed, "an agreement")
        assert set(self._rows("state")) == {"HALT"}

    def settle(self):
        """Halt as `halt` does; what the venues have otherwise is taken, and True returned then."""
        self.start()
        self.up()
        assert self.door.command("halt", "test")["accepted"]
        wait(lambda: not any(self._rows("open_orders")), "the end of every order")
        told = False
        while not self._agreed():
            # Each venue tells at its own check, so one word may not be enough.
            wait(lambda: self._agreed() or self._told_apart(), "an agreement, or a halt that tells")
            if self._told_apart():
                assert self.door.command("resume", "reconciliation")["accepted"]
                told = True
        return told

    def _told_apart(self):
        return "reconciliation" in self.door.risk()["worlds"]["live"]["causes"]

    def _rows(self, key):
        return [row[key] for row in self.status()["trading"]["worlds"].values()]

    def _agreed(self):
        venues = self.door.positions()["live"]["venues"].values()
        return all(
            row["state"] == "ready" and row["checks"] >= 2 and not row["differences"]
            for row in venues
        )

    def stop(self):
        """End the last life in order."""
        self.child.signal(signal.SIGINT)
        assert self.child.ended() == 0, self.errors[-2000:]
        self.door.close()


def records(folder):
    """Return how many whole records a recording has had, that which is being written included."""
    try:
        files = [file for file in list_segments(folder, "recording") if not file.packed]
        image = files[-1].path.read_bytes() if files else b""
    except FileNotFoundError:
        return 0
    return end_of(image)[0] if len(image) > HEADER.size else 0


def end_of(image):
    """Return the number of the record that would be next in a segment, and where it would be."""
    *_, number, _, at = HEADER.unpack_from(image)
    while at + RECORD.size <= len(image):
        (commit,) = struct.unpack_from("<Q", image, at)
        length = commit & 0xFFFF_FFFF
        if length ^ (commit >> 32) != 0xFFFF_FFFF:
            break
        at += RECORD.size + length + -length % 8
        number += 1
    return number, at


class Journal:
    """One replay through all lives of a daemon; constructing it judges the recording.

    Every input must have the digest that was recorded with the next one, and every checkpoint must
    be the state that the replay comes to: those within a life, and those that begin one.
    """

    def __init__(self, folder):
        self.lives = self.segments = self.inputs = 0
        self.placed = []
        #: The fills that were booked, by world.
        self.fills = {}
        self.adjusted = []
        #: After each input with its record number: fills and risk state of each world, on change.
        self.course = [(0, {})]
        self.node = None
        #: Venues whose order channel was opened in this life.
        self._reached = set()
        recording = Recording(Path(folder))
        for number in recording.numbers:
            part = recording.part(number)
            self._opens(part)
            for entry in part:
                assert entry.digest == int(self.node.digest), (number, entry.number)
                if entry.input is not None:
                    self.inputs += 1
                    if entry.input.kind is InputKind.OPEN:
                        self._reached.add(venue_of(entry.input.source))
                    self._heard(self.node.handle(*entry.input))
                    self._noted(entry.number)

    def _opens(self, part):
        self.segments += 1
        if not part.head.continues:
            self.lives += 1
            self._reached.clear()
        if self.node is None:
            self.node = checkpoint.load(part.checkpoint)
        told = checkpoint.describe(part.checkpoint).state_hash
        assert checkpoint.state_hash(self.node) == told, (part.name, part.head.continues)

    def _heard(self, effects):
        live = self.node.desk.live
        for effect in effects:
            if effect.kind is not EffectKind.TRADING:
                continue
            if effect.subject == "place" and live is not None:
                number, slot, *_ = effect.fields
                assert self.node.instruments[slot].venue in self._reached, number
                self.placed.append(live.ids.of(number))
            elif effect.subject == "fill":
                number, slot, _, _, lots, _, trade = effect.fields
                instrument = self.node.instruments[slot]
                order = live.ids.of(number) if live is not None else str(number)
                size = instrument.size.format(lots)
                found = Trade(instrument.venue, order, trade, size)
                self.fills.setdefault(effect.target, []).append(found)
            elif effect.subject == "adjusted":
                self.adjusted.append(effect.fields)

    def _noted(self, number):
        now = {
            name: (world.trader.store.totals.fills, world.trader.switch.state.name)
            for name, world in self.node.desk.worlds.items()
        }
        if now != self.course[-1][1]:
            self.course.append((number, now))

    def assert_kept(self, told):
        """Assert that what a door had told is in the recording by then."""
        for number, seen in told:
            known = [state for at, state in self.course if at <= number][-1]
            for world, (fills, state) in seen.items():
                assert known[world][0] >= fills, (number, world)
                assert state != "HALT" or known[world][1] == state, (number, world)


def assert_as_at(venues, journal, balances):
    """Assert that a journal and balances by name are what the venues' accounts say, to the unit."""
    assert_balances(venues, balances)
    own = f"{journal.node.desk.live.ids.prefix}-"
    arrived = [name for name in venues.accounts.orders() if name.startswith(own)]
    assert not set(arrived) - set(journal.placed)
    assert len(journal.placed) == len(set(journal.placed))
    booked = journal.fills.get("live", [])
    traded = [one for one in venues.accounts.trades() if one.order.startswith(own)]
    assert _filled(booked) == _filled(traded)
    # Coinbase tells running sums and no trades, so there it is the sums that count.
    told = Counter((fill.order, fill.trade) for fill in booked if fill.trade)
    assert told == Counter((fill.order, fill.trade) for fill in traded if fill.venue == "binance")
    assert set(told.values()) <= {1}


def assert_balances(venues, balances):
    """Assert that balances by name are those of the venues' accounts, where nothing is open."""
    held = {tuple(name.split(":")): amount_of(text) for name, text in balances.items()}
    assert {key: amount for key, amount in held.items() if amount} == venues.accounts.balances()
    assert venues.accounts.open_orders() == {"binance": [], "coinbase": []}


def _filled(trades):
    """Return what was filled of each order."""
    sums = {}
    for one in trades:
        key = (one.venue, one.order)
        sums[key] = sums.get(key, 0) + Decimal(one.size)
    return sums


def lose_tail(folder, instants):
    """Cut a recording at a random byte behind what was surely on disk; returns the bytes lost.

    That is what a loss of power may leave of it: everything up to the newest flush mark was synced
    before an order left.
    """
    files = [file.path for file in list_segments(folder, "recording") if not file.packed]
    if not files or files[-1].stat().st_size <= HEADER.size:
        return 0
    image = files[-1].read_bytes()
    end = end_of(image)[1]
    durable = at = HEADER.unpack_from(image)[-1]
    while at < end:
        commit, _, _, kind, _ = RECORD.unpack_from(image, at)
        length = commit & 0xFFFF_FFFF
        at += RECORD.size + length + -length % 8
        if kind == KIND_MARK:
            durable = at
    cut = instants.randint(durable, end)
    os.truncate(files[-1], cut)
    return end - cut
