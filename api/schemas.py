"""What the API answers with, as types: rows are built to them and the description is made of them.

Prices, sizes and money are exact decimal text. Times and durations are whole ns, times since the
epoch, UTC. What is not known is null.
"""

from typing import Any, Generic, Literal, TypeAlias, TypedDict, TypeVar

Item = TypeVar("Item")

#: Price and size.
Level: TypeAlias = tuple[str, str]


class Problem(TypedDict):
    """Why a request was refused."""

    error: str


class Page(TypedDict, Generic[Item]):
    """A part of a list. `next` is the cursor of the following part, null at the end."""

    items: list[Item]
    next: str | None


class Quote(TypedDict):
    """Best bid and ask of one instrument, with why they may not be used: `grade`, empty if good.

    A book that is not live has no numbers. `source` is the channel that the touch came from.
    """

    instrument: str
    state: str
    usable: bool
    grade: list[str]
    bid: str | None
    bid_size: str | None
    ask: str | None
    ask_size: str | None
    source: Literal["quote", "depth"]
    version: int
    ts_event_ns: int
    ts_recv_ns: int
    silence_ns: int | None
    lag_ns: int | None
    ts_ns: int


class Depth(TypedDict):
    """A level 2 book, best levels first, cut back to its touch; empty while it is not live."""

    instrument: str
    state: str
    usable: bool
    grade: list[str]
    version: int
    ts_event_ns: int
    ts_recv_ns: int
    bids: list[Level]
    asks: list[Level]
    bid_levels: int
    ask_levels: int
    ts_ns: int


class RestingOrder(TypedDict):
    """An order in a simulated venue's book, in its place in the queue."""

    order: int
    price: str
    size: str


class FullDepth(TypedDict):
    """A level 3 book of a simulated venue: every order that rests, best price and oldest first."""

    instrument: str
    bids: list[RestingOrder]
    asks: list[RestingOrder]


class Instrument(TypedDict):
    """What is watched, with its rules; a rule that the venue does not state is empty text."""

    instrument: str
    venue: str
    native: str
    base: str
    quote: str
    kind: str
    tick: str
    lot: str
    min_size: str
    max_size: str
    min_notional: str
    rules_from: str


class Edge(TypedDict):
    """One direction of an edge at the touch: basis points before and after all costs.

    `rule` is what keeps it from being taken, null when nothing pays. They are null where a leg has
    no usable side.
    """

    edge: str
    kind: str
    sell: str
    buy: str
    conversion: str | None
    currency: str
    gross_bps: float | None
    net_bps: float | None
    rule: str | None


class Opportunity(TypedDict):
    """An entry of the ledger: as long as one rule decided. `closed_ns` is null while it lasts.

    `profit` is what the best size seen would have paid, `outcomes` what it would have after so
    many ms; both in `currency`.
    """

    id: int
    edge: str
    rule: str
    opened_ns: int
    closed_ns: int | None
    base: str
    profit: str
    net_bps: float | None
    best_net_bps: float | None
    currency: str
    detail: str
    outcomes: dict[str, str | None]


class Trade(TypedDict):
    """A public trade. `id` counts all trades since the start; `side` is the aggressor's."""

    id: int
    instrument: str
    side: Literal["buy", "sell"]
    price: str
    size: str
    ts_event_ns: int
    ts_recv_ns: int


class Activity(TypedDict):
    """What happened in one instrument since the start, and what we did there in each world."""

    instrument: str
    changes: int
    diffs: int
    trades: int
    volume: str
    gaps: int
    condemned: int
    worlds: dict[str, "OwnActivity"]


class OwnActivity(TypedDict):
    """Our part in one instrument: amounts in the instrument's base and quote currency."""

    open_orders: int
    fills: int
    turnover: str
    fees: str
    position: str


class Connection(TypedDict):
    """One connection to a venue."""

    connection: str
    venue: str
    state: str
    epoch: int
    frames: int
    replies: int
    quotes: int
    trades: int
    gaps: int
    stale: int
    errors: dict[str, int]
    last_sequence: int | None
    books: int


class Order(TypedDict):
    """An open order of ours in one world."""

    world: str
    order: int
    instrument: str
    side: Literal["buy", "sell"]
    type: str
    tif: str
    post_only: bool
    price: str
    size: str
    filled: str
    state: str
    cancel_wanted: bool
    purpose: str
    strategy: str
    created_ns: int
    updated_ns: int


class Held(TypedDict):
    """An order that waits for approval."""

    world: str
    ticket: int
    instrument: str
    side: Literal["buy", "sell"]
    price: str
    size: str
    strategy: str


class Fill(TypedDict):
    """A fill of ours. `id` counts the fills since the start of this process, over all worlds."""

    id: int
    world: str
    order: int
    trade: str
    instrument: str
    side: Literal["buy", "sell"]
    price: str
    size: str
    fee: str
    ts_ns: int


class Position(TypedDict):
    """What a strategy holds of an instrument in one world, valued at the mid price."""

    world: str
    instrument: str
    strategy: str
    position: str
    cost: str
    value: str
    unrealised: str
    currency: str


class Balance(TypedDict):
    """What a world has of an asset at a venue."""

    world: str
    venue: str
    asset: str
    amount: str


class Schedule(TypedDict):
    """A large order that is worked in small ones, in one world; null is what is not known.

    `state` is waiting (its window has not begun), working, paused, halted, ending, done, cancelled
    or ended (over with a rest undone). `open` may still be filled. `next_size` is due at `next_ns`
    by what is known now. `average` is what our fills cost, `arrival` the mid price when the work
    began, `vwap` what all public trades of the window cost; prices are rounded down. The costs say
    by how much the average is worse than that. `refused` counts children that risk refused.
    """

    world: str
    schedule: str
    kind: Literal["twap", "vwap", "pov"]
    instrument: str
    side: Literal["buy", "sell"]
    size: str
    limit: str | None
    done: str
    left: str
    open: str
    state: Literal["waiting", "working", "paused", "halted", "ending", "done", "cancelled", "ended"]
    starts_ns: int | None
    ends_ns: int | None
    next_ns: int | None
    next_size: str | None
    average: str | None
    arrival: str | None
    vwap: str | None
    cost_arrival_bps: float | None
    cost_vwap_bps: float | None
    refused: int


class Accepted(TypedDict):
    """What became of a command."""

    accepted: bool
    reason: str


class Sent(TypedDict):
    """What became of an order in one world: its number, or the rule that refused it.

    `reason` is `ok`, or `held` with the ticket's number in `order`: it waits for approval.
    """

    world: str
    order: int | None
    reason: str


class Placed(TypedDict):
    """What became of an order in each world that it was meant for."""

    worlds: list[Sent]


class Stopping(TypedDict):
    """The daemon stops."""

    stopping: bool


class Spread(TypedDict):
    """Percentiles of a duration in ns over the samples; null without any.

    Those of stages are counted in eighths of powers of two, so they may be an eighth too much.
    """

    samples: int
    p50_ns: int | None
    p99_ns: int | None
    max_ns: int | None


class Latency(TypedDict):
    """How late things are: data by instrument, the event loop, our own answers.

    `stages` are those of frames and orders by venue, over the process's life; of frames one in
    so many is measured, none where `metrics.sample_every` is off.
    """

    loop_lag_ns: dict[str, int]
    venues: dict[str, "VenueClock"]
    instruments: dict[str, "DataAge"]
    stages: dict[str, dict[str, Spread]]
    api: Spread


class DataAge(TypedDict):
    """How late an instrument's last data came, and since when its connection is silent."""

    lag_ns: int | None
    silence_ns: int | None


class VenueClock(TypedDict):
    """A venue's clock minus ours as round trips measured it, known to half a round trip."""

    offset_ns: int | None
    doubt_ns: int | None


#: What is as rich as the commands of the terminal show it; its keys may grow.
Report: TypeAlias = dict[str, Any]
