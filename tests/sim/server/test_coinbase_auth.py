"""Signatures of both Coinbase products."""

import hashlib
import hmac

import pytest

from sim.server.coinbase_auth import Authenticator, AuthError
from sim.server.keys import KeyRing

from .coinbase_keys import (
    COINBASE_KEYS,
    EDWARDS,
    NAME,
    exchange_auth,
    exchange_headers,
    exchange_signature,
    jwt,
    legacy_headers,
)

NOW = 1_760_000_000
HOST = "127.0.0.1:9002"
PATH = "/api/v3/brokerage/orders"


@pytest.fixture
def desk():
    return Authenticator(KeyRing(COINBASE_KEYS), lambda: NOW * 10**9)


def bearer(token):
    return {"Authorization": f"Bearer {token}", "Host": HOST}


def refused(call, *args):
    with pytest.raises(AuthError) as refusal:
        call(*args)
    return str(refusal.value)


@pytest.mark.parametrize("uri", [f"POST {HOST}{PATH}", f"POST http://{HOST}{PATH}"])
def test_a_token_signed_for_the_request_tells_who_sent_it(desk, uri):
    """Some clients cut only https:// from the address, and plain http stays in the claim."""
    key = desk.request("POST", PATH, bearer(jwt(NOW, uri)), b"{}")
    assert key.account == "demo"


def test_an_edwards_token_may_list_what_it_is_for(desk):
    token = jwt(NOW, kid="edwards", algorithm="EdDSA", signer=EDWARDS, uris=[f"GET {HOST}{PATH}"])
    assert desk.request("GET", PATH, bearer(token), b"").key == "edwards"


@pytest.mark.parametrize(
    "token",
    [
        jwt(NOW, f"GET {HOST}{PATH}"),
        jwt(NOW, f"POST localhost:9002{PATH}"),
        jwt(NOW, f"POST {HOST}{PATH}/other"),
        jwt(NOW),
        jwt(NOW - 121, f"POST {HOST}{PATH}"),
        jwt(NOW + 60, f"POST {HOST}{PATH}"),
        jwt(NOW, f"POST {HOST}{PATH}", life=3600),
        jwt(NOW, f"POST {HOST}{PATH}", nonce=""),
        jwt(NOW, f"POST {HOST}{PATH}", iss="me"),
        jwt(NOW, f"POST {HOST}{PATH}", sub="other"),
        jwt(NOW, f"POST {HOST}{PATH}", nbf="now"),
        jwt(NOW, f"POST {HOST}{PATH}", kid="unknown"),
        jwt(NOW, f"POST {HOST}{PATH}", kid="edwards", sub="edwards"),
        jwt(NOW, f"POST {HOST}{PATH}", alg="none"),
        jwt(NOW, f"POST {HOST}{PATH}")[:-8] + "AAAAAAAA",
        "a.b.c",
        "a.b",
        "é.b.c",
        "e30.e30.",
        "W10.W10.x",
        "x" * 5000,
        "",
    ],
)
def test_any_other_token_is_refused(desk, token):
    refused(desk.request, "POST", PATH, bearer(token), b"{}")


def test_a_socket_token_needs_no_uri_and_serves_until_it_expires(desk):
    token = jwt(NOW - 119)
    for _ in range(2):
        assert desk.message({"jwt": token}, "user", []).key == NAME
    refused(desk.message, {"jwt": jwt(NOW - 120)}, "user", [])


def test_the_older_signature_covers_the_body(desk):
    headers = legacy_headers(NOW, "POST", PATH, '{"a":1}')
    assert desk.request("POST", PATH, headers, b'{"a":1}').key == "legacy"
    assert refused(desk.request, "POST", PATH, headers, b'{"a":2}') == "invalid signature"


def test_the_older_signature_of_a_subscription_covers_channel_and_products(desk):
    text = f"{NOW}userBTC-USD,ETH-USD".encode()
    fields = {
        "api_key": "legacy",
        "timestamp": str(NOW),
        "signature": hmac.new(b"old secret", text, hashlib.sha256).hexdigest(),
    }
    assert desk.message(fields, "user", ["BTC-USD", "ETH-USD"]).account == "demo"
    refused(desk.message, fields, "user", ["BTC-USD"])
    refused(desk.message, {}, "user", [])


def test_a_key_without_a_secret_signs_nothing(desk):
    headers = legacy_headers(NOW, "GET", PATH, key=NAME, secret="")
    assert refused(desk.request, "GET", PATH, headers, b"") == "invalid signature"


@pytest.mark.parametrize("stamp", [NOW, NOW - 29, f"{NOW}.25", f"{NOW + 20}.999999"])
def test_an_exchange_signature_is_over_the_timestamp_as_sent(desk, stamp):
    path = "/orders?status=open"
    headers = exchange_headers(stamp, "GET", path)
    assert desk.exchange_request("GET", path, headers, b"").key == "pro"


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"CB-ACCESS-KEY": "nobody"}, "Invalid API Key"),
        ({"CB-ACCESS-KEY": "legacy", "CB-ACCESS-PASSPHRASE": ""}, "Invalid API Key"),
        ({"CB-ACCESS-PASSPHRASE": "wrong"}, "Invalid Passphrase"),
        ({"CB-ACCESS-SIGN": "wrong"}, "invalid signature"),
        ({"CB-ACCESS-SIGN": "é"}, "invalid signature"),
        ({"CB-ACCESS-TIMESTAMP": str(NOW - 31)}, "request timestamp expired"),
        ({"CB-ACCESS-TIMESTAMP": "nan"}, "request timestamp expired"),
        ({"CB-ACCESS-TIMESTAMP": "soon"}, "invalid timestamp"),
    ],
)
def test_an_exchange_request_is_refused_in_the_venues_words(desk, changed, word):
    headers = exchange_headers(NOW, "GET", "/orders") | changed
    assert refused(desk.exchange_request, "GET", "/orders", headers, b"") == word


def test_an_exchange_subscription_is_signed_as_a_request_to_verify(desk):
    assert desk.exchange_message(exchange_auth(NOW)).key == "pro"
    number = exchange_auth(NOW) | {"timestamp": NOW}
    assert desk.exchange_message(number).key == "pro"
    wrong = number | {"signature": exchange_signature(NOW, "GET", "/orders")}
    assert refused(desk.exchange_message, wrong) == "invalid signature"


def test_the_body_that_some_clients_send_with_a_get_is_not_signed(desk):
    headers = legacy_headers(NOW, "GET", PATH)
    assert desk.request("GET", PATH, headers, b"{}").key == "legacy"
    headers = exchange_headers(NOW, "GET", "/orders")
    assert desk.exchange_request("GET", "/orders", headers, b"{}").key == "pro"


def test_below_v2_the_query_is_signed_too(desk):
    headers = legacy_headers(NOW, "GET", "/v2/accounts?limit=9")
    assert desk.request("GET", "/v2/accounts", headers, b"", "?limit=9").key == "legacy"
    refused(desk.request, "GET", "/v2/accounts", headers, b"", "?limit=8")
