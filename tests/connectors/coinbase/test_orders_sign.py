"""Tokens of Coinbase requests."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from connectors.coinbase import orders_sign as sign
from connectors.orders import Request

CURVE = ec.derive_private_key(0x1234567890ABCDEF, ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.from_private_bytes(b"7" * 32)
PUBLIC = EDWARDS.public_key().public_bytes(
    serialization.Encoding.Raw, serialization.PublicFormat.Raw
)
SEED = base64.b64encode(b"7" * 32).decode()
PAIR = base64.b64encode(b"7" * 32 + PUBLIC).decode()


def pem(private, form=serialization.PrivateFormat.PKCS8):
    return private.private_bytes(
        serialization.Encoding.PEM, form, serialization.NoEncryption()
    ).decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verified(token):
    """Return head and claims of a token whose signature holds."""
    signed, _, last = token.rpartition(".")
    head, claims = (json.loads(decoded(part)) for part in signed.split("."))
    raw = decoded(last)
    if head["alg"] == "EdDSA":
        EDWARDS.public_key().verify(raw, signed.encode())
    else:
        assert len(raw) == 64
        der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        CURVE.public_key().verify(der, signed.encode(), ec.ECDSA(SHA256()))
    return head, claims


SECRETS = [
    (pem(CURVE), "ES256"),
    (pem(CURVE, serialization.PrivateFormat.TraditionalOpenSSL), "ES256"),
    (pem(CURVE).replace("\n", "\\n"), "ES256"),
    (pem(EDWARDS), "EdDSA"),
    (SEED, "EdDSA"),
    (PAIR, "EdDSA"),
]


@pytest.mark.parametrize(("secret", "algorithm"), SECRETS)
def test_each_kind_of_key_signs(secret, algorithm):
    head, claims = verified(sign.JwtSigner("name", secret).token(100, "once", "GET host/path"))
    assert head == {"alg": algorithm, "kid": "name", "nonce": "once", "typ": "JWT"}
    assert claims == {
        "iss": "cdp", "sub": "name", "nbf": 100, "exp": 220, "uri": "GET host/path",
    }  # fmt: skip


def test_a_call_names_method_host_and_path_without_query():
    request = Request("q", "GET", "/api/v3/x", (("order_ids", "a b"), ("limit", "5")))
    call = sign.call(request, sign.JwtSigner("name", PAIR), "host:81", 100, "once")
    assert call.path == "/api/v3/x?order_ids=a%20b&limit=5"
    ((name, bearer),) = call.headers
    assert name == "Authorization"
    _, claims = verified(bearer.removeprefix("Bearer "))
    assert claims["uri"] == "GET host:81/api/v3/x"
    assert claims["exp"] - claims["nbf"] == sign.REQUEST_LIFE_S


def test_a_body_says_what_it_is():
    request = Request("place7", "POST", "/p", body=b"{}")
    call = sign.call(request, sign.JwtSigner("name", PAIR), "host", 100, "once")
    assert (call.body, call.headers[1]) == (b"{}", ("Content-Type", "application/json"))


def test_a_subscription_carries_a_token_for_nothing_in_particular():
    body = b'{"type":"subscribe","channel":"user","product_ids":[]}'
    request = Request("user", "subscribe", body=body)
    fields = json.loads(sign.frame(request, sign.JwtSigner("name", PAIR), 100, "once"))
    _, claims = verified(fields.pop("jwt"))
    assert "uri" not in claims
    assert fields == json.loads(body)


@pytest.mark.parametrize(
    "secret",
    ["", "no key", "c2hvcnQ=", pem(ec.derive_private_key(7, ec.SECP384R1())), "-----BEGIN X-----"],
)
def test_another_secret_is_refused_without_being_shown(secret):
    with pytest.raises(ValueError, match="private key") as refused:
        sign.JwtSigner("name", secret)
    assert refused.value.__cause__ is None
    assert not secret or secret not in str(refused.value)


def test_a_key_needs_a_name():
    with pytest.raises(ValueError, match="name"):
        sign.JwtSigner("", PAIR)
