"""Signatures of Binance requests."""

import base64
import json
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from connectors.binance import orders_sign as sign
from connectors.orders import Request

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
VECTOR = (
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
    "&recvWindow=5000&timestamp=1499827319559"
)
DIGEST = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
PRIVATE = ed25519.Ed25519PrivateKey.from_private_bytes(b"7" * 32)


def pem(private):
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def test_hmac_signs_the_documented_vector():
    assert sign.HmacSigner("k", SECRET).sign(VECTOR.encode()) == DIGEST


def test_a_rest_call_is_the_documented_vector():
    params = tuple(tuple(part.split("=")) for part in VECTOR.split("&")[:6])
    request = Request("place7", "POST", "/api/v3/order", params)
    call = sign.call(request, sign.HmacSigner("k", SECRET), 1499827319559)
    assert call.path == f"/api/v3/order?{VECTOR}&signature={DIGEST}"
    assert call.headers == (("X-MBX-APIKEY", "k"),)
    assert (call.method, call.body) == ("POST", b"")


def test_a_frame_signs_all_parameters_by_name():
    request = Request("place7", "order.place", "", (("symbol", "LTCBTC"), ("price", "0.1")))
    signer = sign.Ed25519Signer("pair", pem(PRIVATE))
    frame = json.loads(sign.frame(request, signer, 17, 900))
    assert (frame["id"], frame["method"]) == ("place7", "order.place")
    payload = b"apiKey=pair&price=0.1&recvWindow=900&symbol=LTCBTC&timestamp=17"
    signature = base64.b64decode(frame["params"].pop("signature"))
    PRIVATE.public_key().verify(signature, payload)
    assert frame["params"] == {
        "apiKey": "pair", "price": "0.1", "recvWindow": 900, "symbol": "LTCBTC", "timestamp": 17,
    }  # fmt: skip


def test_a_base64_signature_is_encoded_in_a_query():
    call = sign.call(Request("q", "GET", "/p"), sign.Ed25519Signer("pair", pem(PRIVATE)), 17)
    query = call.path.partition("?")[2]
    payload, _, _ = query.rpartition("&signature=")
    signature = dict(parse_qsl(query))["signature"]
    PRIVATE.public_key().verify(base64.b64decode(signature), payload.encode())
    assert "=" not in query.rpartition("&signature=")[2]


@pytest.mark.parametrize("text", ["", "no pem", pem(ec.derive_private_key(7, ec.SECP256R1()))])
def test_another_private_key_is_refused_without_being_shown(text):
    with pytest.raises(ValueError, match="private key") as refused:
        sign.Ed25519Signer("pair", text)
    assert refused.value.__cause__ is None
    assert not text or text not in str(refused.value)


def test_an_empty_secret_is_refused():
    with pytest.raises(ValueError, match="needed"):
        sign.HmacSigner("k", "")


def test_a_signer_shows_no_secret():
    assert SECRET not in repr(sign.HmacSigner("k", SECRET))
