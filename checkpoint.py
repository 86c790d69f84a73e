"""A node's whole state as bytes, and a node made from it that goes on as the first one would.

Three parts: a line of JSON, the head; the state, JSON too; the levels of all books, to which the
state refers by place and length. The document is plain: no code is named in it, only the classes
listed here can be read from it. Each object is written once, where it is met first, and named by
its number afterwards, so that what two places share is shared again. A class or a kind of value
that is not listed is an error and never left out by mistake. What is left out on purpose: effects
of the last input, the ledger's closed entries (they decide nothing), and how wide a ladder's
windows are.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

import orjson

from arb import image
from arb.board import Board
from arb.edge import Edge, EdgeLimits, Side
from arb.ledger import Entry, Ledger, Rule, Total
from arb.leg import Leg
from arb.orders.order import OwnOrder
from arb.outcomes import Outcomes
from arb.pairs import Pair
from arb.quoting.signals import Signals
from arb.share import Share
from arb.walk import Costs
from books import audit_desk
from books.audit import ChangeLog
from books.audit_desk import AuditDesk, Phase
from books.audit_plan import AuditConfig
from books.audit_record import AuditRecord
from books.audit_reply import RestBook
from books.book import Book
from books.image import dump_book, load_book
from books.sequence import SequenceRule
from cache import consolidated
from cache.consolidated import ConsolidatedQuotes
from cache.l1 import L1
from connectors.binance.sequence import FuturesDepthRule, SpotDepthRule
from connectors.coinbase.sequence import ConnectionSequence
from connectors.link import Link
from connectors.links import Links
from connectors.recovery import Recoveries, Recovery
from connectors.registry import VENUE_NAMES
from connectors.registry import venue as venue_of
from connectors.venue import Venue, VenueConfig
from engine.core import Engine
from market.catalog_image import dump_catalog, load_catalog
from market.digest import Digest
from market.fees import Fees, FeeSchedule
from market.grid import Grid
from market.instrument import Instrument, Kind
from market.timers import Timers
from node import Node, NodeConfig

FORMAT = "crossquote-checkpoint"
VERSION = 3
#: The head is one short line.
HEAD_BYTES_MAX = 4096

#: Rooms whose code decides what a node does.
_ROOMS = ("market", "books", "connectors", "cache", "engine", "arb")

_ATOMS = frozenset({int, str, bool, type(None)})
#: Whole numbers from here on, of either sign, are written as text: JSON's readers differ on them.
_WIDE = 1 << 63
#: Written field by field, and made by their constructors from the same fields.
_RECORDS: dict[type, tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind))
    for kind in (
        NodeConfig,
        FeeSchedule,
        Fees,
        EdgeLimits,
        VenueConfig,
        Pair,
        Instrument,
        Grid,
        consolidated._Member,
        Recovery,
        Entry,
        Total,
        Costs,
        AuditConfig,
        RestBook,
        *image.RECORDS,
    )
}
#: Written attribute by attribute, and made empty, then filled.
_OBJECTS = (
    Edge,
    Leg,
    Share,
    ConnectionSequence,
    AuditRecord,
    ChangeLog,
    audit_desk._Round,
    *image.OBJECTS,
)
#: What a node makes for itself; others hold them, so they are filled where they are.
_PARTS = (
    *(Digest, Timers, L1, Ledger, ConsolidatedQuotes, Board, Outcomes, Recoveries, AuditDesk),
    Links,
)
_ROWS = (Side, *image.ROWS)
_ENUMS = (Rule, Kind, Phase, *image.ENUMS)
_RULES = (SequenceRule, SpotDepthRule, FuturesDepthRule)
_VENUES = frozenset(type(venue_of(name)) for name in VENUE_NAMES)

_LEFT_OUT: dict[type, frozenset[str]] = {
    # What was touched is for whoever drives the node, who also empties it; the tape for readers.
    # Its connections are those of their own part.
    Node: frozenset(
        {"config", "catalog", "_effects", "_handlers", "touched", "tape", "links", "book_links"}
    ),
    Ledger: frozenset({"closed"}),
    # The node's own lists, which are filled where they are.
    AuditDesk: frozenset({"_books", "_instruments", "_links"}),
    Links: frozenset({"_books", "_instruments"}),
    Link: frozenset({"venue", "decode", "frame"}),
    **image.LEFT_OUT,
}


def _name(kind: type) -> str:
    return image.ALIASES.get(kind, kind.__name__)


_NAMED: dict[str, Any] = {
    _name(kind): kind for kind in (*_RECORDS, *_OBJECTS, *_ROWS, *_ENUMS, *_RULES)
}


class CheckpointError(ValueError):
    """The bytes are no checkpoint, or not a whole one."""


class UnsupportedCheckpointError(CheckpointError):
    """The checkpoint was written in a version that this build does not read."""


class UnknownStateError(TypeError):
    """The node holds something that checkpoints do not know how to write."""


@dataclass(frozen=True, slots=True)
class Build:
    """What runs: the package's version, and a hash over the code that decides."""

    version: str
    code: str

    def __str__(self) -> str:
        return f"{self.version} ({self.code})"


@dataclass(frozen=True, slots=True)
class Description:
    """What a checkpoint says of itself. `now` is node time in ns."""

    build: Build
    now: int
    state_hash: str


@cache
def build() -> Build:
    """Return the identity of the code that runs: sources, and compiled modules as loaded."""
    root = Path(__file__).parent
    found = [root / "node.py", Path(__file__)]
    for room in _ROOMS:
        files = sorted((root / room).rglob("*"))
        found += [path for path in files if path.suffix in (".py", ".so", ".pyd", ".json")]
    total = hashlib.sha256()
    for path in found:
        total.update(path.relative_to(root).as_posix().encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    try:
        number = version("crossquote")
    except PackageNotFoundError:
        number = "not installed"
    return Build(number, total.hexdigest()[:16])


def dump(node: Node) -> bytes:
    """Return the whole state of a node. Raises UnknownStateError."""
    state, levels = _state(node)
    head = {
        "format": FORMAT,
        "version": VERSION,
        "build": asdict(build()),
        "now": node.now,
        "state_hash": _hash(state, levels),
        "state_bytes": len(state),
        "levels_bytes": len(levels),
    }
    return b"%s\n%s%s" % (orjson.dumps(head), state, levels)


def state_hash(node: Node) -> str:
    """Return the hash that a checkpoint of this node would carry; equal states have equal ones."""
    return _hash(*_state(node))


def describe(data: bytes) -> Description:
    """Return what a checkpoint says of itself; CheckpointError, UnsupportedCheckpointError."""
    return _description(_head(data))


def load(data: bytes) -> Node:
    """Return the node of a checkpoint.

    Raises UnsupportedCheckpointError for another version, CheckpointError for anything else.
    """
    head = _head(data)
    expected = _description(head).state_hash
    start = data.index(b"\n") + 1
    middle = start + int(head.get("state_bytes", 0))
    state, levels = data[start:middle], data[middle:]
    if len(levels) != head.get("levels_bytes") or _hash(state, levels) != expected:
        raise CheckpointError("checkpoint: the state does not have the hash that it states")
    try:
        return _Reader(levels).node(json.loads(state))
    except RecursionError as error:
        raise CheckpointError("checkpoint: nested too deep") from error
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, IndexError) as error:
        raise CheckpointError(
            f"checkpoint: not a node: {type(error).__name__}: {error!s:.200}"
        ) from error


def _state(node: Node) -> tuple[bytes, bytes]:
    writer = _Writer(node.now)
    # The writer leaves nothing that orjson would not write.
    state = orjson.dumps(writer.node(node))
    return state, b"".join(writer.levels)


def _hash(state: bytes, levels: bytes) -> str:
    total = hashlib.sha256(state)
    total.update(levels)
    return total.hexdigest()


def _head(data: bytes) -> dict[str, Any]:
    line = data[:HEAD_BYTES_MAX].partition(b"\n")[0]
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"checkpoint: not JSON: {error!s:.80}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise CheckpointError(f"checkpoint: not a {FORMAT}")
    if document.get("version") != VERSION:
        raise UnsupportedCheckpointError(
            f"checkpoint: version {document.get('version')!s:.20}, this build reads {VERSION}"
        )
    return document


def _description(head: dict[str, Any]) -> Description:
    try:
        return Description(Build(**head["build"]), int(head["now"]), str(head["state_hash"]))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"checkpoint: a damaged head: {error!s:.80}") from error


def _attributes(value: object) -> Iterable[tuple[str, Any]]:
    """Yield what an object holds, apart from what its class leaves out and its own callbacks."""
    left_out = _LEFT_OUT.get(type(value), frozenset())
    # Functions are left to construction where there is one; elsewhere they are unknown state.
    wired: Any = MethodType | BuiltinMethodType
    if type(value) in image.PARTS:
        wired |= FunctionType
    names = vars(value) if hasattr(value, "__dict__") else getattr(type(value), "__slots__", ())
    for name in names:
        held = getattr(value, name)
        if name not in left_out and not isinstance(held, wired):
            yield name, held


def _plain_text(text: str) -> str | dict[str, str]:
    """Return text as it is, unless it holds what came of bytes that are not UTF-8."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return {"text": text.encode("utf-8", "surrogatepass").hex()}
    return text


def _order(order: OwnOrder) -> dict[str, Any]:
    row = image.order_row(order)
    for at in image.ORDER_TEXTS:
        row[at] = _plain_text(row[at])
    return {"order": row}


class _Writer:
    """Turns the objects of one node into plain values."""

    def __init__(self, now: int) -> None:
        self._now = now
        self._numbers: dict[int, int] = {}
        #: The levels of books, in order, and how many bytes they are.
        self.levels: list[bytes] = []
        self._levels_bytes = 0
        self._forms: dict[type, Callable[[Any], Any]] = {
            int: lambda value: value if -_WIDE < value < _WIDE else {"int": str(value)},
            str: _plain_text,
            list: self._list,
            tuple: lambda value: {"tuple": [self.value(one) for one in value]},
            dict: self._dict,
            set: lambda value: {"set": [self.value(one) for one in sorted(value)]},
            deque: self._deque,
            float: lambda value: {"float": value.hex()},
            Engine: lambda value: {"engine": self._put(value.snapshot())},
            **dict.fromkeys(
                _ENUMS, lambda value: {"enum": _name(type(value)), "value": value.value}
            ),
            **dict.fromkeys(_ROWS, self._row),
        }
        self._objects: dict[type, Callable[[Any], dict[str, Any]]] = {
            **dict.fromkeys(_RECORDS, self._record),
            **dict.fromkeys(_OBJECTS, self._object),
            **dict.fromkeys(_VENUES, self._venue),
            Link: self._link,
            Book: self._book,
            Share: self._share,
            OwnOrder: _order,
            Signals: lambda one: {"signals": self.value(one.dump()), "vpin": self.value(one.vpin)},
        }

    def node(self, node: Node) -> dict[str, Any]:
        """Return the node: configuration and catalog, numbers of its parts, fields, parts."""
        config = self.value(node.config)
        rules, instruments = dump_catalog(node.catalog)
        first = len(self._numbers)
        for instrument in instruments:
            self._number(instrument)
        self._number(node)
        held = dict(_attributes(node))
        parts = {name: part for name, part in held.items() if type(part) in _PARTS}
        numbers = {name: self._number(part) for name, part in parts.items()}
        desk = list(image.parts(node.desk)) if node.desk is not None else []
        first_of_desk = len(self._numbers)
        for part in desk:
            self._number(part)
        has = {name: self.value(value) for name, value in held.items() if name not in parts}
        return {
            "config": config,
            "catalog": {"no": first, **rules},
            "no": self._numbers[id(node)],
            "parts": numbers,
            "has": has,
            "filled": {name: self._part(part) for name, part in parts.items()},
            "desk": {"no": first_of_desk, "filled": [self._part(part) for part in desk]},
        }

    def value(self, value: Any) -> Any:
        """Return a value in plain form."""
        kind = type(value)
        if kind is bool or value is None:
            return value
        form = self._forms.get(kind)
        if form is not None:
            return form(value)
        number = self._numbers.get(id(value))
        if number is not None:
            return {"ref": number}
        write = self._objects.get(kind)
        if write is None:
            raise UnknownStateError(f"checkpoints do not know {kind.__module__}.{kind.__name__}")
        number = self._number(value)
        return {"is": _name(kind), "no": number, **write(value)}

    def _list(self, value: list[Any]) -> list[Any]:
        self._once(value)
        return [self.value(one) for one in value]

    def _deque(self, value: deque[Any]) -> dict[str, Any]:
        self._once(value)
        return {"deque": [self.value(one) for one in value], "most": value.maxlen}

    def _dict(self, value: dict[Any, Any]) -> dict[str, Any]:
        self._once(value)
        return {"dict": [[self.value(key), self.value(one)] for key, one in value.items()]}

    def _row(self, value: tuple[Any, ...]) -> dict[str, Any]:
        return {"row": _name(type(value)), "values": [self.value(one) for one in value]}

    def _number(self, value: object) -> int:
        number = len(self._numbers)
        self._numbers[id(value)] = number
        return number

    def _once(self, value: object) -> None:
        if id(value) in self._numbers:
            raise UnknownStateError(f"two places share one {type(value).__name__}: {value!r:.80}")
        self._number(value)

    def _record(self, value: Any) -> dict[str, Any]:
        return {"values": [self.value(getattr(value, name)) for name in _RECORDS[type(value)]]}

    def _object(self, value: object) -> dict[str, Any]:
        return {"has": {name: self.value(held) for name, held in _attributes(value)}}

    def _share(self, share: Share) -> dict[str, Any]:
        share.settle(self._now)
        return self._object(share)

    def _link(self, link: Link) -> dict[str, Any]:
        return {"venue": self.value(link.venue), **self._object(link)}

    def _venue(self, venue: Venue) -> dict[str, Any]:
        return {"name": venue.name, "symbols": venue.symbols.dump()}

    def _book(self, book: Book) -> dict[str, Any]:
        if type(book.rule) not in _RULES:
            raise UnknownStateError(f"checkpoints do not know the rule {type(book.rule).__name__}")
        state = dump_book(book)
        for side in ("bids", "asks"):
            state[side] = self._put(state[side])
        for diff in state["buffer"]:
            diff[4:] = [self._put(side) for side in diff[4:]]
        state["detail"] = self.value(state["detail"])
        return {"slot": book.slot, "rule": type(book.rule).__name__, "state": state}

    def _put(self, levels: bytes) -> tuple[int, int]:
        """Put levels behind the state; returns their place and length."""
        place = self._levels_bytes
        self.levels.append(levels)
        self._levels_bytes += len(levels)
        return place, len(levels)

    def _part(self, part: Any) -> Any:
        if isinstance(part, Digest):
            return int(part)
        if isinstance(part, Timers | L1):
            return part.dump()
        return self._object(part)["has"]


class _Reader:
    """Makes the objects of one node from plain values, in the order in which they were written."""

    def __init__(self, levels: bytes) -> None:
        self._levels = levels
        self._objects: dict[int, Any] = {}
        self._config = NodeConfig()
        self._forms: dict[str, Callable[[dict[str, Any]], Any]] = {
            "ref": lambda value: self._objects[value["ref"]],
            "is": self._object,
            "tuple": self._tuple,
            "dict": self._dict,
            "set": lambda value: set(map(self.value, value["set"])),
            "deque": lambda value: deque(map(self.value, value["deque"]), value["most"]),
            "float": lambda value: float.fromhex(value["float"]),
            "engine": lambda value: Engine.restore(self._taken(value["engine"])),
            "int": lambda value: int(value["int"]),
            "text": lambda value: bytes.fromhex(value["text"]).decode("utf-8", "surrogatepass"),
            "enum": lambda value: self._kind(value["enum"], _ENUMS)(value["value"]),
            "row": self._row,
        }

    def node(self, state: Any) -> Node:
        """Return the node."""
        config = self.value(state["config"])
        rules, instruments = load_catalog(state["catalog"])
        self._objects.update(enumerate(instruments, state["catalog"]["no"]))
        node = Node(config, rules)
        self._config = config
        self._objects[state["no"]] = node
        for name, number in state["parts"].items():
            self._objects[number] = self._part_of(node, name)
        desk = list(image.parts(node.desk)) if node.desk is not None else []
        self._objects.update(enumerate(desk, state["desk"]["no"]))
        self._fill(node, state["has"])
        for name, filled in state["filled"].items():
            self._fill_part(self._part_of(node, name), filled)
        for part, filled in zip(desk, state["desk"]["filled"], strict=True):
            self._fill(part, filled)
        return node

    def value(self, value: Any) -> Any:
        """Return what a plain value stands for."""
        if type(value) in _ATOMS:
            return value
        if type(value) is list:
            return [self.value(one) for one in value]
        for tag, form in self._forms.items():
            if tag in value:
                return form(value)
        raise CheckpointError(f"checkpoint: not a value: {value!r:.80}")

    def _tuple(self, value: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(self.value(one) for one in value["tuple"])

    def _dict(self, value: dict[str, Any]) -> dict[Any, Any]:
        return {self.value(key): self.value(one) for key, one in value["dict"]}

    def _row(self, value: dict[str, Any]) -> Any:
        return self._kind(value["row"], _ROWS)(*map(self.value, value["values"]))

    def _object(self, value: dict[str, Any]) -> Any:
        """Return a new object; cycles through it are closed by its number."""
        number = value["no"]
        if "has" in value and "venue" not in value:
            kind = self._kind(value["is"], _OBJECTS)
            made = self._objects[number] = kind.__new__(kind)
            self._fill(made, value["has"])
            image.rewire(made)
        elif "values" in value:
            made = self._kind(value["is"], _RECORDS)(*map(self.value, value["values"]))
        elif "symbols" in value:
            made = self._venue(value)
        elif "signals" in value:
            made = Signals.load(self.value(value["signals"]), self.value(value["vpin"]))
        elif "order" in value:
            # What is not plain is a text that could not be written as it is.
            row = [self.value(one) if type(one) is dict else one for one in value["order"]]
            made = image.order_of(row)
        elif "venue" in value:
            has = value["has"]
            made = Link(has["name"], has["index"], self.value(value["venue"]))
            self._fill(made, has)
        else:
            made = Book(value["slot"], self._kind(value["rule"], _RULES)())
            load_book(made, self._book(value["state"]))
        self._objects[number] = made
        return made

    def _book(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return a book's image with its levels in their places."""
        state["detail"] = self.value(state["detail"])
        state["bids"], state["asks"] = self._taken(state["bids"]), self._taken(state["asks"])
        for diff in state["buffer"]:
            diff[4:] = [self._taken(place) for place in diff[4:]]
        return state

    def _taken(self, place: list[int]) -> bytes:
        start, length = place
        if not 0 <= start <= start + length <= len(self._levels):
            raise ValueError(f"levels at {start}, of {len(self._levels)} bytes")
        return self._levels[start : start + length]

    def _venue(self, value: dict[str, Any]) -> Venue:
        name = value["name"]
        made = venue_of(name, self._config.venue(name).snapshot_levels)
        for symbol, slot, *grids in value["symbols"]:
            price, size = Grid(*grids[:2]), Grid(*grids[2:])
            made.symbols.put(symbol.encode("latin-1"), slot, price, size)
        return made

    def _fill(self, made: object, has: dict[str, Any]) -> None:
        for name, value in has.items():
            held = self.value(value)
            own = getattr(made, name, None)
            # Others may hold the list or dictionary itself.
            if type(own) is list and type(held) is list:
                own[:] = held
            elif type(own) is dict and type(held) is dict:
                own.clear()
                own.update(held)
            else:
                setattr(made, name, held)

    def _fill_part(self, part: Any, filled: Any) -> None:
        if isinstance(part, Digest | Timers | L1):
            part.load(filled)
        else:
            self._fill(part, filled)

    @staticmethod
    def _part_of(node: Node, name: str) -> Any:
        part = getattr(node, name)
        if type(part) not in _PARTS:
            raise CheckpointError(f"checkpoint: {name} is no part of a node")
        return part

    @staticmethod
    def _kind(name: str, allowed: Iterable[type]) -> Any:
        kind = _NAMED[name]
        if kind not in allowed:
            raise CheckpointError(f"checkpoint: {name} does not belong there")
        return kind
