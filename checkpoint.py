"""A node's whole state as JSON, and a node made from it that goes on as the first one would.

The document is plain: no code is named in it, only the classes listed here can be read from it.
Each object is written once, where it is met first, and named by its number afterwards, so that
what two places share is shared again. A class or a kind of value that is not listed is an error
and never left out by mistake. What is left out on purpose: effects of the last input, the
ledger's closed entries (they decide nothing), and how wide a ladder's windows are.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import BuiltinMethodType, MethodType
from typing import Any

from arb.board import Board
from arb.edge import Edge, EdgeLimits, Side
from arb.ledger import Entry, Ledger, Rule, Total
from arb.leg import Leg
from arb.outcomes import Outcomes
from arb.pairs import Pair
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
from connectors.recovery import Recoveries, Recovery
from connectors.registry import VENUE_NAMES
from connectors.registry import venue as venue_of
from connectors.venue import Venue, VenueConfig
from market import catalog
from market.catalog import Catalog
from market.digest import Digest
from market.fees import Fees, FeeSchedule
from market.grid import Grid
from market.instrument import Instrument, Kind
from market.timers import Timers
from node import Node, NodeConfig

FORMAT = "crossquote-checkpoint"
VERSION = 2

#: Rooms whose code decides what a node does.
_ROOMS = ("market", "books", "connectors", "cache", "engine", "arb")

_ATOMS = frozenset({int, str, bool, type(None)})
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
        catalog._Entry,
        consolidated._Member,
        Recovery,
        Entry,
        Total,
        Costs,
        AuditConfig,
        RestBook,
    )
}
#: Written attribute by attribute, and made empty, then filled.
_OBJECTS = (
    Catalog,
    Edge,
    Leg,
    Share,
    ConnectionSequence,
    AuditRecord,
    ChangeLog,
    audit_desk._Round,
)
#: What a node makes for itself; others hold them, so they are filled where they are.
_PARTS = (Digest, Timers, L1, Ledger, ConsolidatedQuotes, Board, Outcomes, Recoveries, AuditDesk)
_ROWS = (Side,)
_ENUMS = (Rule, Kind, Phase)
_RULES = (SequenceRule, SpotDepthRule, FuturesDepthRule)
_VENUES = frozenset(type(venue_of(name)) for name in VENUE_NAMES)

_LEFT_OUT: dict[type, frozenset[str]] = {
    # What was touched is for whoever drives the node, who also empties it.
    Node: frozenset({"config", "catalog", "_effects", "_handlers", "touched"}),
    Ledger: frozenset({"closed"}),
    # The node's own lists, which are filled where they are.
    AuditDesk: frozenset({"_books", "_instruments", "_links"}),
    Link: frozenset({"venue", "decode", "frame"}),
}
_NAMED: dict[str, Any] = {
    kind.__name__: kind for kind in (*_RECORDS, *_OBJECTS, *_ROWS, *_ENUMS, *_RULES)
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
    """Return the whole state of a node as JSON. Raises UnknownStateError."""
    state = _text(_Writer(node.now).node(node))
    head = {
        "format": FORMAT,
        "version": VERSION,
        "build": asdict(build()),
        "now": node.now,
        "state_hash": _hash(state),
    }
    return f'{_text(head)[:-1]},"state":{state}}}'.encode()


def state_hash(node: Node) -> str:
    """Return the hash that a checkpoint of this node would carry; equal states have equal ones."""
    return _hash(_text(_Writer(node.now).node(node)))


def describe(data: bytes) -> Description:
    """Return what a checkpoint says of itself; CheckpointError, UnsupportedCheckpointError."""
    # The head stands before the state, which may be megabytes.
    head, found, _ = data.partition(b',"state":')
    return _description(_parsed(head + b"}" if found else data))


def load(data: bytes) -> Node:
    """Return the node of a checkpoint.

    Raises UnsupportedCheckpointError for another version, CheckpointError for anything else.
    """
    document = _parsed(data)
    expected = _description(document).state_hash
    state = document.get("state")
    if _hash(_text(state)) != expected:
        raise CheckpointError("checkpoint: the state does not have the hash that it states")
    try:
        return _Reader().node(state)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, IndexError) as error:
        raise CheckpointError(
            f"checkpoint: not a node: {type(error).__name__}: {error!s:.200}"
        ) from error


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _hash(text: str) -> str:
    # A lone surrogate cannot come from bytes that were decoded with replacement, but may from JSON.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"checkpoint: not JSON: {error!s:.80}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise CheckpointError(f"checkpoint: not a {FORMAT}")
    if document.get("version") != VERSION:
        raise UnsupportedCheckpointError(
            f"checkpoint: version {document.get('version')!s:.20}, this build reads {VERSION}"
        )
    return document


def _description(document: dict[str, Any]) -> Description:
    try:
        return Description(
            Build(**document["build"]), int(document["now"]), str(document["state_hash"])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"checkpoint: a damaged head: {error!s:.80}") from error


def _attributes(value: object) -> Iterable[tuple[str, Any]]:
    """Yield what an object holds, apart from what its class leaves out and its own callbacks."""
    left_out = _LEFT_OUT.get(type(value), frozenset())
    for name, held in vars(value).items():
        if name not in left_out and not isinstance(held, MethodType | BuiltinMethodType):
            yield name, held


class _Writer:
    """Turns the objects of one node into plain values."""

    def __init__(self, now: int) -> None:
        self._now = now
        self._numbers: dict[int, int] = {}
        self._forms: dict[type, Callable[[Any], Any]] = {
            list: self._list,
            tuple: lambda value: {"tuple": [self.value(one) for one in value]},
            dict: self._dict,
            set: lambda value: {"set": [self.value(one) for one in sorted(value)]},
            **dict.fromkeys(
                _ENUMS, lambda value: {"enum": type(value).__name__, "value": value.value}
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
        }

    def node(self, node: Node) -> dict[str, Any]:
        """Return the node: configuration and catalog, numbers of its parts, fields, parts."""
        config, rules = self.value(node.config), self.value(node.catalog)
        self._number(node)
        held = dict(_attributes(node))
        parts = {name: part for name, part in held.items() if type(part) in _PARTS}
        numbers = {name: self._number(part) for name, part in parts.items()}
        has = {name: self.value(value) for name, value in held.items() if name not in parts}
        return {
            "config": config,
            "catalog": rules,
            "no": self._numbers[id(node)],
            "parts": numbers,
            "has": has,
            "filled": {name: self._part(part) for name, part in parts.items()},
        }

    def value(self, value: Any) -> Any:
        """Return a value in plain form."""
        kind = type(value)
        if kind in _ATOMS:
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
        return {"is": kind.__name__, "no": number, **write(value)}

    def _list(self, value: list[Any]) -> list[Any]:
        self._once(value)
        return [self.value(one) for one in value]

    def _dict(self, value: dict[Any, Any]) -> dict[str, Any]:
        self._once(value)
        return {"dict": [[self.value(key), self.value(one)] for key, one in value.items()]}

    def _row(self, value: tuple[Any, ...]) -> dict[str, Any]:
        return {"row": type(value).__name__, "values": [self.value(one) for one in value]}

    def _number(self, value: object) -> int:
        number = len(self._numbers)
        self._numbers[id(value)] = number
        return number

    def _once(self, value: object) -> None:
        if id(value) in self._numbers:
            raise UnknownStateError(f"two places share one {type(value).__name__}: {value!r:.80}")
        self._number(value)

    def _record(self, value: Any) -> dict[str, Any]:
        # Catalogs hold thousands of records, and most of what these hold needs no second look.
        held = [getattr(value, name) for name in _RECORDS[type(value)]]
        return {"values": [one if type(one) in _ATOMS else self.value(one) for one in held]}

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
        return {"slot": book.slot, "rule": type(book.rule).__name__, "state": dump_book(book)}

    def _part(self, part: Any) -> Any:
        if isinstance(part, Digest):
            return int(part)
        if isinstance(part, Timers | L1):
            return part.dump()
        return self._object(part)["has"]


class _Reader:
    """Makes the objects of one node from plain values, in the order in which they were written."""

    def __init__(self) -> None:
        self._objects: dict[int, Any] = {}
        self._config = NodeConfig()
        self._forms: dict[str, Callable[[dict[str, Any]], Any]] = {
            "ref": lambda value: self._objects[value["ref"]],
            "is": self._object,
            "tuple": self._tuple,
            "dict": self._dict,
            "set": lambda value: set(map(self.value, value["set"])),
            "enum": lambda value: self._kind(value["enum"], _ENUMS)(value["value"]),
            "row": self._row,
        }

    def node(self, state: Any) -> Node:
        """Return the node."""
        node = Node(self.value(state["config"]), self.value(state["catalog"]))
        self._config = node.config
        self._objects[state["no"]] = node
        for name, number in state["parts"].items():
            self._objects[number] = self._part_of(node, name)
        self._fill(node, state["has"])
        for name, filled in state["filled"].items():
            self._fill_part(self._part_of(node, name), filled)
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
        elif "values" in value:
            made = self._kind(value["is"], _RECORDS)(*map(self.value, value["values"]))
        elif "symbols" in value:
            made = self._venue(value)
        elif "venue" in value:
            has = value["has"]
            made = Link(has["name"], has["index"], self.value(value["venue"]))
            self._fill(made, has)
        else:
            made = Book(value["slot"], self._kind(value["rule"], _RULES)())
            load_book(made, value["state"])
        self._objects[number] = made
        return made

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
            own = vars(made).get(name)
            if type(own) is list and type(held) is list:
                # Others may hold the list itself.
                own[:] = held
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
