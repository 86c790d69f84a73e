"""The configuration's keys: types, units, defaults, bounds and descriptions.

The default world is here: two simulated venues, five instruments, everything bounded. Values are
whole numbers with the unit in the name; what must stay exact (fees, margins) is decimal text.
Paths are relative to the folder in which the command is started.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct, field

from market.fees import LOWEST_TIER, PPB

from .kinds import decimal, text, whole
from .metrics import MetricsSettings, TracingSettings
from .testnet import TestnetSettings
from .trading import TradingSettings


class Urls(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a venue is reached in mode paper; mode sim uses its own servers on loopback."""

    ws: Annotated[str, text("market data streams", "ws_url")]
    rest: Annotated[str, text("REST, without the venue's path prefix", "rest_url")]


class VenueSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One venue: what to watch there, how to judge its data, what it charges."""

    enabled: Annotated[bool, Meta(description="whether to connect to this venue")] = False
    instruments: Annotated[
        tuple[str, ...],
        Meta(
            description="what to watch: our ids, pairs (BTC-USDT), ccxt names (BTC/USDT) or the"
            " venue's own symbols (BTCUSDT)",
            max_length=1000,
        ),
    ] = ()
    urls: Annotated[Urls, Meta(description="where the venue is reached")]
    silence_ms: Annotated[
        int, whole("no frame for longer than this makes a book unusable", 100, 600_000, "ms")
    ] = 5_000
    lag_ms: Annotated[
        int, whole("data older than this on arrival is unusable", 10, 600_000, "ms")
    ] = 2_000
    snapshot_levels: Annotated[
        int,
        whole(
            "levels a side to ask for in a REST snapshot: at Binance the next larger of 100, 500,"
            " 1000 and 5000, elsewhere what audits compare, 500 at most",
            5,
            5_000,
        ),
    ] = 1_000
    request_weight_per_minute: Annotated[
        int,
        whole(
            "request weight to spend on REST, at most, each minute; the venue's own limit holds"
            " beside it",
            1,
            100_000,
        ),
    ]
    taker_fee: Annotated[
        str, decimal("what taking costs, as a fraction: 0.001 is 0.1 %", "0", "0.1")
    ]
    maker_fee: Annotated[
        str, decimal("what making costs, as a fraction; a rebate is negative", "-0.1", "0.1")
    ]


def _venue(
    name: str, ws: str, rest: str, weight: int, instruments: tuple[str, ...] = ()
) -> VenueSettings:
    fees = LOWEST_TIER[name]
    return VenueSettings(
        enabled=bool(instruments),
        instruments=instruments,
        urls=Urls(ws=ws, rest=rest),
        request_weight_per_minute=weight,
        taker_fee=rate_text(fees.taker_ppb),
        maker_fee=rate_text(fees.maker_ppb),
    )


def rate_text(ppb: int) -> str:
    """Return a rate in parts per billion as a decimal fraction, exactly."""
    sign, digits = ("-" if ppb < 0 else ""), f"{abs(ppb) % PPB:09}".rstrip("0")
    return f"{sign}{abs(ppb) // PPB}{'.' if digits else ''}{digits}"


BINANCE = _venue(
    "binance",
    "wss://stream.binance.com:9443",
    "https://api.binance.com",
    3_000,
    ("BTC-USDT", "ETH-USDT"),
)
BINANCE_US = _venue("binance-us", "wss://stream.binance.us:9443", "https://api.binance.us", 600)
BINANCE_USDM = _venue(
    "binance-usdm", "wss://fstream.binance.com", "https://fapi.binance.com", 1_200
)
BINANCE_COINM = _venue(
    "binance-coinm", "wss://dstream.binance.com", "https://dapi.binance.com", 1_200
)
COINBASE = _venue(
    "coinbase",
    "wss://advanced-trade-ws.coinbase.com",
    "https://api.coinbase.com",
    300,
    ("BTC-USD", "ETH-USD", "USDT-USD"),
)
COINBASE_EXCHANGE = _venue(
    "coinbase-exchange",
    "wss://ws-feed.exchange.coinbase.com",
    "https://api.exchange.coinbase.com",
    300,
)


class Venues(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The venues by name."""

    binance: Annotated[VenueSettings, Meta(description="Binance spot")] = BINANCE
    binance_us: Annotated[VenueSettings, Meta(description="Binance.US spot")] = field(
        default=BINANCE_US, name="binance-us"
    )
    binance_usdm: Annotated[VenueSettings, Meta(description="Binance USD-M futures")] = field(
        default=BINANCE_USDM, name="binance-usdm"
    )
    binance_coinm: Annotated[VenueSettings, Meta(description="Binance COIN-M futures")] = field(
        default=BINANCE_COINM, name="binance-coinm"
    )
    coinbase: Annotated[VenueSettings, Meta(description="Coinbase Advanced Trade")] = COINBASE
    coinbase_exchange: Annotated[VenueSettings, Meta(description="Coinbase Exchange")] = field(
        default=COINBASE_EXCHANGE, name="coinbase-exchange"
    )

    def __iter__(self) -> Iterator[tuple[str, VenueSettings]]:
        """Yield (venue name, its settings), disabled ones too, in a fixed order."""
        for name, encoded in zip(
            self.__struct_fields__, self.__struct_encode_fields__, strict=True
        ):
            yield encoded, getattr(self, name)

    def enabled(self) -> dict[str, VenueSettings]:
        """Return the enabled venues by name."""
        return {name: one for name, one in self if one.enabled}


class PairSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two instruments to compare, and the book that converts between their quote currencies."""

    a: Annotated[str, text("one leg, as an instrument id (BTC-USDT.BINANCE)")]
    b: Annotated[str, text("the other leg, as an instrument id (BTC-USD.COINBASE)")]
    via: Annotated[
        str, text("the conversion book (USDT-USD.COINBASE), empty where both quote the same")
    ] = ""


class EdgeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes a price difference worth reporting."""

    safety_margin_bps: Annotated[
        str, decimal("kept back from each edge after fees", "0", "1000", "basis points")
    ] = "1"
    min_notional: Annotated[
        str, decimal("smallest size worth reporting, in the quote currency", "0", "1000000000")
    ] = "10"
    silence_max_ms: Annotated[
        int, whole("a leg whose venue was silent for longer is not used", 1, 600_000, "ms")
    ] = 1_500
    lag_max_ms: Annotated[
        int, whole("a leg whose data arrived later than this is not used", 1, 600_000, "ms")
    ] = 1_000


class RecordingSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The recording of every input, from which replay proves each decision."""

    enabled: Annotated[bool, Meta(description="whether to record")] = True
    dir: Annotated[str, text("folder of the recording", "path")] = "recordings"
    segment_mb: Annotated[int, whole("size of one segment file", 1, 1_024, "MiB")] = 64
    retain_mb: Annotated[
        int, whole("the oldest segments are deleted beyond this", 2, 16_777_216, "MiB")
    ] = 4_096
    compress: Annotated[bool, Meta(description="whether to compress closed segments")] = True
    sync: Annotated[
        Literal["process", "disk"],
        text("what a record survives: process any kill, disk a loss of power too"),
    ] = "process"


class L2Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The quote table in shared memory, for readers in other processes."""

    enabled: Annotated[bool, Meta(description="whether to publish quotes")] = True
    path: Annotated[str, text("file of the table, in shared memory", "path")] = (
        "/dev/shm/crossquote.l2"  # noqa: S108 - the place for shared memory on Linux
    )
    slots: Annotated[int, whole("instruments the table has room for", 1, 4_096)] = 64
    depth: Annotated[int, whole("levels a side", 1, 512)] = 20
    heartbeat_ms: Annotated[
        int, whole("how often the writer shows that it lives", 10, 10_000, "ms")
    ] = 100


class AuditSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Comparing mirrored books with the venue's own snapshot."""

    enabled: Annotated[bool, Meta(description="whether to audit")] = True
    interval_s: Annotated[int, whole("time between two audits of a book", 1, 86_400, "s")] = 60
    budget_percent: Annotated[
        int, whole("share of request_weight_per_minute that audits may use", 1, 90, "percent")
    ] = 20


class ControlSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The door through which other commands speak to a running daemon."""

    socket: Annotated[str, text("Unix socket, made with mode 0600", "socket_path")] = (
        "crossquote.sock"
    )


class ApiSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The public API over HTTP and WebSocket, and the page that uses it."""

    enabled: Annotated[bool, Meta(description="whether to listen")] = True
    host: Annotated[
        str, text("address to listen at; beyond this machine only when there is a token")
    ] = "127.0.0.1"
    port: Annotated[int, whole("port, 0 for any free one", 0, 65_535)] = 8_080
    hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="further names by which it is reached, as behind a proxy; others are"
            " refused",
            max_length=32,
        ),
    ] = ()
    tokens_file: Annotated[
        str, text("tokens, hashed; once the file is there, each request needs one", "path")
    ] = "crossquote.tokens"
    requests_per_second: Annotated[
        int, whole("requests of one address or token; twice as many at once", 1, 1_000_000)
    ] = 100
    audit_file: Annotated[
        str, text("every call that changes something is written here, with rotation", "path")
    ] = "logs/audit.jsonl"
    audit_max_mb: Annotated[int, whole("a larger file is rotated", 1, 1_024, "MiB")] = 16
    audit_keep: Annotated[int, whole("rotated files to keep", 1, 100)] = 5


class LogSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is logged, and where to."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], text("least serious line to log")
    ] = "info"
    format: Annotated[
        Literal["auto", "human", "json"],
        text("form of lines on standard error; auto is human on a terminal and JSON otherwise"),
    ] = "auto"
    file: Annotated[
        str, text("JSON lines are written here too, with rotation; empty for no file", "file")
    ] = "logs/crossquote.log"
    max_mb: Annotated[int, whole("a file larger than this is rotated", 1, 1_024, "MiB")] = 16
    keep: Annotated[int, whole("rotated files to keep", 1, 100)] = 5


class TransportSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Connections to the venues."""

    library: Annotated[
        Literal["websockets", "picows"],
        text("what carries the streams: websockets, or picows of the optional extra `fast`"),
    ] = "websockets"
    backoff_first_ms: Annotated[
        int, whole("wait before the first reconnect; doubles, with jitter", 10, 60_000, "ms")
    ] = 250
    backoff_max_ms: Annotated[int, whole("longest wait between reconnects", 10, 600_000, "ms")] = (
        30_000
    )
    rollover_hours: Annotated[
        int, whole("age at which a connection is replaced, the new one first", 1, 23, "hours")
    ] = 23
    frame_max_mb: Annotated[int, whole("a larger frame closes its connection", 1, 64, "MiB")] = 64


Scenario: TypeAlias = Literal[
    "calm",
    "trending",
    "volatile",
    "thin",
    "flash-crash",
    "one-venue-lags",
    "depeg",
    "halt",
]


Mode: TypeAlias = Literal["sim", "paper", "testnet"]


class SimPorts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ports of the simulated venues on loopback."""

    binance: Annotated[int, whole("port, 0 for any free one", 0, 65_535)] = 0
    coinbase: Annotated[int, whole("port, 0 for any free one", 0, 65_535)] = 0


class SimAccount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key at a simulated venue and the account that it opens. It protects nothing."""

    venue: Annotated[Literal["binance", "coinbase"], text("the venue")]
    key: Annotated[str, text("what the venue calls the key")]
    secret: Annotated[
        str, text("shared secret; empty where the key is a public key. Coinbase Exchange: base64")
    ] = ""
    public_key: Annotated[
        str, text("Ed25519, RSA or P-256 public key in PEM form", "public_key")
    ] = ""
    passphrase: Annotated[str, text("of a Coinbase Exchange key")] = ""
    account: Annotated[str, text("name of the account; keys that name the same one share it")] = (
        "demo"
    )
    balances: Annotated[
        dict[str, Annotated[str, decimal("opening funds", "0", "1000000000000")]],
        Meta(description="opening funds by asset"),
    ] = field(default_factory=dict)


class SimSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The simulated world of mode sim."""

    start: Annotated[
        bool,
        Meta(
            description="whether to start the venues; false where `crossquote sim` runs already, on"
            " the ports below"
        ),
    ] = True
    seed: Annotated[int, whole("the same seed makes the same market", 0, 2**53 - 1)] = 1
    scenario: Annotated[Scenario, text("how the market behaves")] = "calm"
    speed: Annotated[
        str, decimal("market seconds in a second; 1 is as in life", "0.01", "1000")
    ] = "1"
    ports: Annotated[SimPorts, Meta(description="ports of the simulated venues")] = SimPorts()
    accounts: Annotated[
        tuple[SimAccount, ...],
        Meta(
            description="keys of the simulated venues with their accounts; with none, there is a"
            " demo account at each, printed by `crossquote sim`",
            max_length=100,
        ),
    ] = ()


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration of Crossquote."""

    version: Annotated[Literal[1], text("format of the file")]
    mode: Annotated[
        Mode,
        text(
            "sim: simulated venues on this machine; paper: real public data, orders matched here;"
            " testnet: the venues' test networks",
            hints={"live": "there is no mode that sends orders to a production venue"},
        ),
    ] = "sim"
    venues: Annotated[Venues, Meta(description="the venues by name")] = Venues()
    pairs: Annotated[
        Literal["auto"] | tuple[PairSettings, ...],
        Meta(
            description="what is compared: auto for every two instruments of one base currency at"
            " different venues that a conversion book can bring together, or a list of pairs",
        ),
    ] = "auto"
    edges: Annotated[EdgeSettings, Meta(description="what makes an edge")] = EdgeSettings()
    recording: Annotated[RecordingSettings, Meta(description="recording of every input")] = (
        RecordingSettings()
    )
    l2: Annotated[L2Settings, Meta(description="quotes in shared memory")] = L2Settings()
    audit: Annotated[AuditSettings, Meta(description="audits of the books")] = AuditSettings()
    control: Annotated[ControlSettings, Meta(description="the control door")] = ControlSettings()
    api: Annotated[ApiSettings, Meta(description="the API over HTTP")] = ApiSettings()
    log: Annotated[LogSettings, Meta(description="logging")] = LogSettings()
    metrics: Annotated[MetricsSettings, Meta(description="what is measured")] = MetricsSettings()
    tracing: Annotated[TracingSettings, Meta(description="traces of orders")] = TracingSettings()
    transport: Annotated[TransportSettings, Meta(description="connections")] = TransportSettings()
    sim: Annotated[SimSettings, Meta(description="the simulated world")] = SimSettings()
    testnet: Annotated[TestnetSettings, Meta(description="the venues' test networks")] = (
        TestnetSettings()
    )
    trading: Annotated[TradingSettings, Meta(description="trading")] = TradingSettings()
