"""Settings: each bad input is refused with its exact path, value and expectation."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.settings import MASK, Secret, Settings, SettingsError, load
from cli.settings.load import build
from cli.settings.problem import PROBLEMS_MAX
from cli.settings.reader import NOT_IN_FILES
from cli.settings.secrets import read_secrets
from cli.settings.yaml_file import DEPTH_MAX, FILE_BYTES_MAX, read_file, read_text


def problems(text, environment=None):
    """Return the messages for a file `c` with this text, [] when it is valid."""
    try:
        table = read_text(text, "c")
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    return [str(problem) for problem in build(table)[2]]


def settings(text):
    found, _, wrong = build(read_text(text, "c"))
    assert wrong == []
    return found


MS = "expected a whole number of ms from 100 to 600000"
WS = "expected an address like wss://host:port/path (ws:// only to this machine)"

BAD = {
    # unknown keys
    "lgo: {}": "c:1: lgo: unknown key, did you mean log?",
    "zzz: 1": "c:1: zzz: unknown key, expected one of version, mode, venues, pairs, edges,"
    " recording, l2, audit, control, api, log, metrics, tracing, transport, sim, testnet, trading",
    "venues:\n  binace: {}": "c:2: venues.binace: unknown key, did you mean binance?",
    "log: {Level: info}": "c:1: log.Level: unknown key, did you mean level?",
    '"a\\eb": 1': "c:1: 'a\\x1bb': unknown key, expected one of version, mode, venues, pairs,"
    " edges, recording, l2, audit, control, api, log, metrics, tracing, transport, sim, testnet,"
    " trading",
    # wrong kinds
    "version: 2": "c:1: version: got '2', expected 1",
    "mode: live": "c:1: mode: got 'live', expected paper or sim or testnet;"
    " there is no mode that sends orders to a production venue",
    "log: 5": "c:1: log: got '5', expected a section of `key: value` lines",
    "log: [a]": "c:1: log: got a list of 1, expected a section of `key: value` lines",
    "log: {level: {a: 1}}": "c:1: log.level: got a section,"
    " expected debug or error or info or warning",
    "log: {level: }": "c:1: log.level: got nothing, expected debug or error or info or warning",
    "log: {keep: '5'}": "c:1: log.keep: got '5', expected a whole number from 1 to 100,"
    " without quotes",
    "log: {keep: 0}": "c:1: log.keep: got '0', expected a whole number from 1 to 100",
    "log: {keep: 1e1}": "c:1: log.keep: got '1e1', expected a whole number from 1 to 100",
    "log: {keep: 9999999999999999999}": "c:1: log.keep: got '9999999999999999999',"
    " expected a whole number from 1 to 100",
    "venues: {binance: {silence_ms: 5s}}": f"c:1: venues.binance.silence_ms: got '5s', {MS}",
    "venues: {binance: {silence_ms: 99}}": f"c:1: venues.binance.silence_ms: got '99', {MS}",
    "recording: {enabled: yes}": "c:1: recording.enabled: got 'yes', expected true or false",
    "recording: {enabled: 'true'}": "c:1: recording.enabled: got 'true', expected true or false,"
    " without quotes",
    "edges: {safety_margin_bps: -1}": "c:1: edges.safety_margin_bps: got '-1',"
    " expected a decimal number of basis points from 0 to 1000",
    "edges: {safety_margin_bps: 1e2}": "c:1: edges.safety_margin_bps: got '1e2',"
    " expected a decimal number of basis points from 0 to 1000",
    "venues: {binance: {taker_fee: .nan}}": "c:1: venues.binance.taker_fee: got '.nan',"
    " expected a decimal number from 0 to 0.1",
    "venues: {binance: {taker_fee: 0.5}}": "c:1: venues.binance.taker_fee: got '0.5',"
    " expected a decimal number from 0 to 0.1",
    "venues: {binance: {urls: {ws: 'http://x'}}}": "c:1: venues.binance.urls.ws: got 'http://x',"
    f" {WS}",
    "venues: {binance: {urls: {ws: 'ws://far.example'}}}": "c:1: venues.binance.urls.ws:"
    f" got 'ws://far.example', {WS}",
    "venues: {binance: {urls: {ws: 'wss://h:99999'}}}": "c:1: venues.binance.urls.ws:"
    f" got 'wss://h:99999', {WS}",
    "recording: {dir: ~/x}": "c:1: recording.dir: got '~/x',"
    " expected a path without ~, which is not expanded here",
    "recording: {dir: ''}": "c:1: recording.dir: got '',"
    " expected a path that names a file or folder",
    'recording: {dir: "a\\0b"}': "c:1: recording.dir: got 'a\\x00b',"
    " expected printable text of at most 1024 characters",
    f"control: {{socket: {'x' * 108}}}": f"c:1: control.socket: got '{'x' * 60}'...,"
    " expected a path of at most 107 bytes",
    # lists
    "venues: {binance: {instruments: BTC-USDT}}": "c:1: venues.binance.instruments:"
    " got 'BTC-USDT', expected a list",
    "venues:\n binance:\n  instruments:\n   - BTC-USDT\n   - ETHUSDT\n   - [x]": "c:6:"
    " venues.binance.instruments[2]: got a list of 1, expected text",
    "venues:\n binance:\n  instruments: [BTC-USDT, ETH/USDT, BTC-PERP-X]": "c:3:"
    " venues.binance.instruments[2]: got 'BTC-PERP-X', expected an instrument of binance:"
    " 'BTC-PERP-X': expected BASE-QUOTE, BASE-QUOTE-PERP or BASE-QUOTE-YYMMDD",
    "venues: {binance: {instruments: [BTC-USDT, BTCUSDT]}}": "c:1:"
    " venues.binance.instruments[1]: got 'BTCUSDT' again,"
    " it is venues.binance.instruments[0] already",
    "venues: {binance: {instruments: []}}": "c:1: venues.binance.instruments:"
    " nothing to watch, expected an instrument, as binance is enabled",
    "pairs: all": "c:1: pairs: got 'all', expected auto or a list",
    "pairs: [{a: BTC-USDT.BINANCE}]": "c:1: pairs[0].b: missing, expected text",
    "pairs: [{a: BTC-USDT.BINANCE, b: BTC-USDT.BINANCE}]": "c:1: pairs[0].b:"
    " got 'BTC-USDT.BINANCE' again, expected different instruments",
    "pairs: [{a: BTC-USDT.BINANCE, b: SOL-USD.COINBASE}]": "c:1: pairs[0].b:"
    " got 'SOL-USD.COINBASE', expected an instrument that an enabled venue watches",
    "pairs: [{a: BTC-USDT.BINANCE, b: BTCUSD}]": "c:1: pairs[0].b: got 'BTCUSD',"
    " expected an instrument id: 'BTCUSD': a venue's own symbol needs its venue,"
    " as in BTCUSD.BINANCE",
    "pairs: [{a: BTC-USDT.BINANCE, b: ETH-USD.COINBASE, via: USDT-USD.COINBASE}]": "c:1:"
    " pairs[0].b: got 'ETH-USD.COINBASE', expected an instrument of BTC, as a is one",
    "pairs: [{a: BTC-USD.COINBASE, b: ETH-USD.COINBASE}]": [
        "c:1: pairs[0].b: got 'ETH-USD.COINBASE', expected an instrument of another venue than a's",
        "c:1: pairs[0].b: got 'ETH-USD.COINBASE', expected an instrument of BTC, as a is one",
    ],
    "pairs: [{a: BTC-USDT.BINANCE, b: BTC-USD.COINBASE}]": "c:1: pairs[0].via: got '',"
    " expected a spot book between USDT and USD",
    "pairs: [{a: BTC-USDT.BINANCE, b: BTC-USD.COINBASE, via: ETH-USD.COINBASE}]": "c:1:"
    " pairs[0].via: got 'ETH-USD.COINBASE', expected a spot book between USDT and USD",
    "mode: paper\nvenues: {binance-us: {enabled: true, instruments: [BTC-USDT]}}\n"
    "pairs: [{a: BTC-USDT.BINANCE, b: BTC-USDT.BINANCE-US, via: USDT-USD.COINBASE}]": "c:3:"
    " pairs[0].via: got 'USDT-USD.COINBASE', expected none, as both quote the same",
    "pairs:\n- {a: BTC-USDT.BINANCE, b: BTC-USD.COINBASE, via: USDT-USD.COINBASE}\n"
    "- {a: BTC-USD.COINBASE, b: BTCUSDT.BINANCE, via: USDT-USD.COINBASE}": "c:2: pairs[1]:"
    " compares what pairs[0] does, expected each two instruments once",
    # rules between keys
    "venues: {binance: {request_weight_per_minute: 49}}": "c:1:"
    " venues.binance.request_weight_per_minute: got '49', expected at least 50,"
    " which its dearest request costs",
    "venues: {binance: {request_weight_per_minute: 200, snapshot_levels: 2000}}": "c:1:"
    " venues.binance.request_weight_per_minute: got '200', expected at least 250,"
    " which its dearest request costs",
    "recording: {segment_mb: 64, retain_mb: 100}": "c:1: recording.retain_mb: got '100',"
    " expected at least two segments, 128 MiB",
    "transport: {backoff_max_ms: 20}": "c:1: transport.backoff_max_ms: got '20',"
    " expected at least backoff_first_ms, 250 ms",
    "l2: {slots: 4}": "c:1: l2.slots: got '4',"
    " expected room for the 5 instruments of the enabled venues",
    "sim: {ports: {binance: 7000, coinbase: 7000}}": "c:1: sim.ports.coinbase: got '7000',"
    " expected another port than binance's",
    "venues: {binance-us: {enabled: true, instruments: [BTC-USD]}}": "c:1:"
    " venues.binance-us.enabled: got 'true', expected false in mode sim,"
    " which has binance and coinbase only",
    "venues: {binance: {enabled: false}, coinbase: {enabled: false}}": "venues: none is enabled,"
    " expected `enabled: true` at one of them",
    # secrets
    "api_key: abc": f"c:1: api_key: {NOT_IN_FILES}",
    "venues: {binance: {api-secret: abc}}": f"c:1: venues.binance.api-secret: {NOT_IN_FILES}",
    "venues: {coinbase: {passphrase: abc}}": f"c:1: venues.coinbase.passphrase: {NOT_IN_FILES}",
    "log: {file: '-----BEGIN EC PRIVATE KEY'}": f"c:1: log.file: {NOT_IN_FILES}",
    "venues: {binance: {urls: {ws: 'wss://u:hunter2@h'}}}": "c:1: venues.binance.urls.ws:"
    f" {NOT_IN_FILES}",
    # YAML
    "": "c: is empty; expected at least `version: 1`",
    "# only words\n": "c: is empty; expected at least `version: 1`",
    "---\n": "c: is empty; expected at least `version: 1`",
    "just words": "c:1: holds no `key: value` lines; expected at least `version: 1`",
    "- a": "c:1: holds no `key: value` lines; expected at least `version: 1`",
    "mode: sim\nlog: {}\nmode: paper": "c:3: key 'mode' stands twice, first on line 1; keep one",
    "log:\n  keep: 1\n  level: info\n  keep: 2": "c:4: key 'keep' stands twice,"
    " first on line 2; keep one",
    "log: &a {}": "c:1: anchors (&name) and aliases (*name) are not supported; write it out",
    "log: *a": "c:1: anchors (&name) and aliases (*name) are not supported; write it out",
    "log: !!python/object:os.system {}": "c:1: tags"
    " ('tag:yaml.org,2002:python/object:os.system') are not supported",
    "a: 1\n---\nb: 2": "c:2: starts a second document, expected one",
    "? [a]\n: 1": "c:1: a key must be plain text",
    "a: b: c": "c:1: is not YAML: mapping values are not allowed here (column 5)",
    "a: 'b": "c:1: is not YAML: found unexpected end of stream (column 6)",
    "a:\n\tb: 1": "c:2: is not YAML: found character '\\t' that cannot start any token (column 1)",
    "a: \x01": "c:1: is not YAML: character U+0001 is not allowed",
    "a: " + "[" * 5_000: f"c:1: is nested deeper than {DEPTH_MAX} levels",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:40])
def test_each_bad_input_has_its_exact_message(text):
    expected = BAD[text]
    assert problems(text) == (expected if isinstance(expected, list) else [expected])


def test_all_problems_are_listed_at_once_in_order():
    text = "mode: x\nlgo: 1\nlog: {keep: 0, level: loud}\nrecording: {retain_mb: 4}"
    assert [line.split(": ")[1] for line in problems(text)] == [
        "mode",
        "lgo",
        "log.keep",
        "log.level",
        "recording.retain_mb",
    ]


def test_a_flood_of_problems_is_cut_and_counted():
    table = read_text("\n".join(f"k{at}: 1" for at in range(PROBLEMS_MAX + 7)), "c")
    lines = str(SettingsError(build(table)[2])).splitlines()
    assert len(lines) == PROBLEMS_MAX + 1
    assert lines[-1] == "... and 7 more"


def test_no_value_that_looks_like_a_credential_is_repeated():
    for text in BAD:
        for line in problems(text):
            assert "hunter2" not in line
            assert "EC PRIVATE KEY" not in line


def test_decimal_text_stays_exact_with_and_without_quotes():
    for written in ("0.10", "'0.10'"):
        found = settings(f"venues: {{binance: {{taker_fee: {written}}}}}")
        assert found.venues.binance.taker_fee == "0.10"


def test_an_empty_section_means_its_defaults():
    assert settings("log:\nvenues:\n  binance:\n") == Settings(version=1)


def test_a_section_keeps_the_defaults_of_what_it_does_not_say():
    found = settings("venues: {coinbase: {silence_ms: 700}}").venues
    assert found.coinbase.silence_ms == 700
    assert found.coinbase.instruments == Settings(version=1).venues.coinbase.instruments
    assert found.binance == Settings(version=1).venues.binance


def test_pairs_may_be_listed():
    text = "pairs: [{a: BTC-USDT.BINANCE, b: BTC-USD.COINBASE, via: USDT-USD.COINBASE}]"
    pairs = settings(text).pairs
    assert (pairs[0].a, pairs[0].b, pairs[0].via) == (
        "BTC-USDT.BINANCE",
        "BTC-USD.COINBASE",
        "USDT-USD.COINBASE",
    )


def test_settings_cannot_be_changed():
    with pytest.raises(AttributeError):
        Settings(version=1).mode = "paper"


OVERRIDES = {
    ("CROSSQUOTE__LOG__KEEP", "7"): ("log.keep", 7),
    ("crossquote__log__level", "debug"): ("log.level", "debug"),
    ("CROSSQUOTE__AUDIT__ENABLED", "false"): ("audit.enabled", False),
    ("CROSSQUOTE__MODE", "paper"): ("mode", "paper"),
    ("CROSSQUOTE__EDGES__SAFETY_MARGIN_BPS", "2.50"): ("edges.safety_margin_bps", "2.50"),
    ("CROSSQUOTE__RECORDING__DIR", "a b"): ("recording.dir", "a b"),
    ("CROSSQUOTE__LOG__FILE", ""): ("log.file", ""),
    ("CROSSQUOTE__PAIRS", "auto"): ("pairs", "auto"),
    ("CROSSQUOTE__VENUES__BINANCE_US__SILENCE_MS", "300"): ("venues.binance-us.silence_ms", 300),
    ("CROSSQUOTE__VENUES__BINANCE__INSTRUMENTS", "BTC/USDT, ETHUSDT"): (
        "venues.binance.instruments",
        ("BTC/USDT", "ETHUSDT"),
    ),
    ("CROSSQUOTE__VENUES__COINBASE__URLS__WS", "ws://127.0.0.1:7/x"): (
        "venues.coinbase.urls.ws",
        "ws://127.0.0.1:7/x",
    ),
}


@pytest.mark.parametrize("override", OVERRIDES, ids=lambda pair: pair[0])
def test_the_environment_overrides_the_file_for_every_kind_of_value(override, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("version: 1\nlog: {keep: 3, level: error}\n")
    loaded = load(path, dict([override]))
    key, value = OVERRIDES[override]
    assert {at: one for at, one, _ in loaded.leaves()}[key] == value
    assert (loaded.origin(key).kind, loaded.origin(key).name) == ("environment", override[0])
    assert loaded.origin("version").name == f"{path}:1"
    assert loaded.origin("sim.seed").kind == "default"


BAD_OVERRIDES = {
    "CROSSQUOTE__LGO__LEVEL": "unknown key 'lgo', did you mean log?",
    "CROSSQUOTE__LOG__LEVLE": "unknown key 'levle' in log, did you mean level?",
    "CROSSQUOTE__LOG": "log is a section, name one of its keys",
    "CROSSQUOTE__LOG__KEEP__X": "log.keep is one value and has no keys below it",
    "CROSSQUOTE__": "unknown key '', expected one of version, mode, venues, pairs, edges,"
    " recording, l2, audit, control, api, log, metrics, tracing, transport, sim, testnet, trading",
    "CROSSQUOTE__VENUES__BINANCE__API_KEY": NOT_IN_FILES,
    "CROSSQUOTE__LOG__KEEP": "log.keep: got 'x', expected a whole number from 1 to 100",
    "CROSSQUOTE__AUDIT__ENABLED": "audit.enabled: got 'x', expected true or false",
    "CROSSQUOTE__VENUES__BINANCE__INSTRUMENTS": "venues.binance.instruments[0]: got 'x',"
    " expected an instrument of binance: binance symbol 'X' ends in no known quote currency",
    "CROSSQUOTE__PAIRS": "pairs: got 'x', expected auto or a list",
}


@pytest.mark.parametrize("name", BAD_OVERRIDES)
def test_a_bad_override_is_refused_by_its_name(name):
    with pytest.raises(SettingsError) as caught:
        load(None, {name: "x"})
    assert str(caught.value) == f"{name}: {BAD_OVERRIDES[name]}"


def test_two_spellings_of_one_override_are_refused():
    with pytest.raises(SettingsError, match="sets the same key as CROSSQUOTE__LOG__KEEP"):
        load(None, {"CROSSQUOTE__LOG__KEEP": "1", "crossquote__log__keep": "2"})


def test_the_command_line_wins_over_the_environment():
    loaded = load(None, {"CROSSQUOTE__MODE": "paper"}, {"mode": "sim", "recording.dir": "there"})
    assert (loaded.settings.mode, loaded.settings.recording.dir) == ("sim", "there")
    assert loaded.origin("mode").kind == "command line"


def test_an_override_below_something_that_is_no_section_leaves_the_file_to_be_refused(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("version: 1\nlog: 5\n")
    with pytest.raises(SettingsError, match="log: got '5', expected a section"):
        load(path, {"CROSSQUOTE__LOG__KEEP": "1"})


def test_a_file_must_state_its_version(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("mode: sim\n")
    with pytest.raises(SettingsError) as caught:
        load(path, {})
    assert str(caught.value) == f"{path}: version: missing, expected `version: 1`"


def test_a_file_of_too_many_bytes_is_refused(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_bytes(b"#" * (FILE_BYTES_MAX + 1))
    with pytest.raises(SettingsError, match="is larger than 256 KiB, no configuration is"):
        read_file(path)


def test_secrets_come_from_the_environment_or_a_file_and_are_masked(tmp_path):
    file = tmp_path / "key"
    file.write_text("from-the-file\n")
    environment = {"BINANCE_API_KEY": "abcdefgh", "COINBASE_API_SECRET_FILE": str(file)}
    secrets, wrong = read_secrets(environment)
    assert wrong == []
    assert secrets["BINANCE_API_KEY"].reveal() == "abcdefgh"
    assert secrets["COINBASE_API_SECRET"].reveal() == "from-the-file"
    shown = f"{secrets} {secrets['BINANCE_API_KEY']} {secrets['BINANCE_API_KEY']!r}"
    assert MASK in shown
    assert "abcdefgh" not in shown
    assert f"{Secret('x'):>10}" == f"{MASK:>10}"


def test_bad_secrets_are_refused_without_their_text(tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("\n")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    none = tmp_path / "none"
    large = tmp_path / "large"
    large.write_bytes(b"x" * 20_000)
    _, wrong = read_secrets(
        {
            "BINANCE_API_KEY": "hunter2",
            "BINANCE_API_KEY_FILE": str(empty),
            "BINANCE_API_SECRET_FILE": str(empty),
            "COINBASE_API_KEY": "hunter\x1b2",
            "COINBASE_API_SECRET_FILE": str(none),
            "BINANCE_US_API_KEY_FILE": str(binary),
            "BINANCE_US_API_SECRET_FILE": str(large),
        }
    )
    told = sorted(str(problem) for problem in wrong)
    assert told == [
        "BINANCE_API_KEY_FILE: BINANCE_API_KEY is set too, expected one of the two",
        "BINANCE_API_SECRET_FILE: is empty, expected a credential",
        f"BINANCE_US_API_KEY_FILE: {str(binary)!r} is not plain text",
        f"BINANCE_US_API_SECRET_FILE: {str(large)!r} is larger than 16 KiB",
        "COINBASE_API_KEY: holds characters that no credential has",
        f"COINBASE_API_SECRET_FILE: cannot read {str(none)!r}: No such file or directory",
    ]


words = st.text(max_size=8)
keys = st.sampled_from(["version", "mode", "log", "venues", "binance", "pairs", "keep"]) | words
values = st.none() | st.booleans() | st.integers() | st.floats() | words
trees = st.recursive(
    values,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(keys, trees, max_size=5))
def test_any_tree_of_keys_is_read_or_refused_with_messages(tree):
    text = json.dumps(tree)  # which is YAML, too
    try:
        _, _, wrong = build(read_text(text, "c"))
    except SettingsError as error:
        wrong = error.problems
    for problem in wrong:
        assert str(problem).isprintable()


@given(st.text(max_size=200) | st.text("{}[]:-,&*!|>'\"%@#? \nabc", max_size=60))
def test_any_text_is_read_or_refused_with_messages(text):
    for line in problems(text):
        assert line.startswith("c")


@given(st.dictionaries(words.map("CROSSQUOTE__{}".format), words, max_size=3))
def test_any_environment_is_read_or_refused_with_messages(environment):
    try:
        wrong = ()
        load(None, environment)
    except SettingsError as error:
        wrong = error.problems
    for problem in wrong:
        assert str(problem).isprintable()
