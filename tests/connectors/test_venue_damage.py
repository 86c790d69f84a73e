"""What an unreadable frame condemns: what it may have spoilt, and nothing else."""

import pytest

from connectors.binance.venue import PROFILES
from connectors.registry import VENUE_NAMES, venue
from connectors.venue import Damage, Topic
from market.grid import Grid
from tests.connectors.sample_frames import BINANCE, COINBASE, EXCHANGE

ALL = Damage(everything=True)
DOUBT = Damage(doubt=True)
NOTHING = Damage()

BINANCE_DAMAGE = {
    "a diff named by its stream spoils its book": (BINANCE["diff"][:-9], Damage(("BTCUSDT",))),
    "a diff named by its symbol spoils its book": (
        BINANCE["futures diff"][:-9],
        Damage(("BTCUSDT",)),
    ),
    "a quote named by its stream spoils nothing": (
        b'{"stream":"btcusdt@bookTicker","data":{"u":1,"s":"BTCUSDT","b":"1"',
        NOTHING,
    ),
    "a frame that says nothing casts doubt on all": (b'{"stre', DOUBT),
    "an empty frame casts doubt on all": (b"", DOUBT),
    "binary rubbish casts doubt on all": (b"\xff\x00\x80", DOUBT),
}  # fmt: skip


@pytest.mark.parametrize("name", BINANCE_DAMAGE)
@pytest.mark.parametrize("profile", PROFILES)
def test_binance(profile, name):
    """Ids show every lost diff at the next one: only what is certain is condemned."""
    data, damage = BINANCE_DAMAGE[name]
    protocol = venue(profile)
    assert protocol.decoder.decode(data) < 0
    assert protocol.damage(data) == damage


def coinbase_damage(data):
    protocol = venue("coinbase")
    protocol.symbols.put(b"BTC-USD", 0, Grid(2), Grid(8))
    assert protocol.decoder.decode(data) < 0
    return protocol.damage(data)


def test_a_cut_level2_frame_of_coinbase_spoils_everything():
    """Where the frame is no JSON nobody knows whose levels were in it."""
    assert coinbase_damage(COINBASE["update"][:-5]) == ALL


def test_a_bad_number_in_a_level2_frame_of_coinbase_spoils_the_named_books():
    """A whole frame names the products that it was about."""
    data = COINBASE["update"].replace(b'"65083.66"', b'"-1"')
    assert coinbase_damage(data) == Damage(("BTC-USD",))


def test_a_damaged_ticker_of_coinbase_spoils_no_book():
    """Its number was read and its channel holds no levels."""
    assert coinbase_damage(COINBASE["ticker"].replace(b'"65083.66"', b'"x"')) == NOTHING


def test_a_frame_of_coinbase_without_its_number_spoils_everything():
    """Without sequence_num a frame cannot be counted."""
    assert coinbase_damage(COINBASE["update"].replace(b'"sequence_num":13,', b"")) == ALL


def test_a_frame_of_coinbase_cut_before_its_channel_spoils_everything():
    """A number alone does not tell that the frame held no levels."""
    assert coinbase_damage(b'{"sequence_num":13,"timestamp":"2026-08-09T21:05:48Z","chan') == ALL


def test_the_number_of_a_coinbase_frame_may_stand_last():
    """Its members come in any order, also for the slow readers."""
    protocol = venue("coinbase")
    assert protocol.last_ids(b'{"channel":"heartbeats","sequence_num":35}') == ("", 34, 35)
    data = b'{"events":[{"product_id":"BTC-USD","updates":5}],"channel":"l2_data","sequence_num":7}'
    assert coinbase_damage(data) == Damage(("BTC-USD",))


EXCHANGE_DAMAGE = {
    "an update spoils its book": (EXCHANGE["update"][:-3], Damage(("SKL-USD",))),
    "a snapshot spoils its book": (EXCHANGE["snapshot"][:-3], Damage(("BTC-USD",))),
    "a ticker spoils nothing": (EXCHANGE["ticker"][:-3], NOTHING),
    "a match spoils nothing": (EXCHANGE["match"][:-3], NOTHING),
    "a heartbeat spoils nothing": (EXCHANGE["heartbeat"][:-3], NOTHING),
    "a frame without a name spoils all": (b'{"type":"l2update","changes":[["bu', ALL),
    "an empty frame spoils all": (b"", ALL),
}


@pytest.mark.parametrize("name", EXCHANGE_DAMAGE)
def test_coinbase_exchange(name):
    """No id would show the loss: what held levels condemns its book."""
    data, damage = EXCHANGE_DAMAGE[name]
    protocol = venue("coinbase-exchange")
    assert protocol.decoder.decode(data) < 0
    assert protocol.damage(data) == damage


@pytest.mark.parametrize("name", VENUE_NAMES)
@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b"null", b'{"data":[]}', b'{"events":[1]}', b"\xff"]
)
def test_the_slow_readers_of_a_venue_take_any_bytes(name, data):
    """Grids, ids, rules and times of rubbish are none, never an exception."""
    protocol = venue(name)
    assert protocol.grids(data, "X") == (None, None)
    assert protocol.last_ids(data) is None
    assert protocol.server_time(data) is None
    listed, problems = protocol.instruments(data)
    assert listed == []
    assert problems or data == b"[]"


@pytest.mark.parametrize("name", VENUE_NAMES)
def test_a_depth_url_names_its_symbol_whatever_its_host(name):
    """Hosts and versions changed over the years; the path's last word and the query count."""
    protocol = venue(name)
    url = "https://old.example/api/v1/depth?limit=5&symbol=btcusdt"
    expected = (Topic.DEPTH, "BTCUSDT") if name in PROFILES else (Topic.OTHER, "")
    assert protocol.topic(url) == expected
    assert protocol.topic("https://x.example/anything")[0] is Topic.OTHER


def test_an_unknown_venue_is_refused_by_name():
    """The message lists the venues there are."""
    with pytest.raises(ValueError, match="unknown venue 'nowhere'; known: binance"):
        venue("nowhere")
