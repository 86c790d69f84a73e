"""A signing client of both products, as a test needs it."""

import json

import aiohttp

from .coinbase_keys import exchange_headers, jwt

BROKERAGE = "/api/v3/brokerage"


class Advanced:
    """Signs each request with a JWT for its method, host and path."""

    def __init__(self, venue, session, **signing):
        self._venue = venue
        self._session = session
        self._signing = signing

    async def call(self, method, path, body=None):
        """Return status, headers and the parsed reply."""
        plain = BROKERAGE + path.partition("?")[0]
        uri = f"{method} 127.0.0.1:{self._venue.server.port}{plain}"
        headers = {"Authorization": f"Bearer {jwt(self._venue.now_s, uri, **self._signing)}"}
        data = json.dumps(body) if body is not None else None
        url = self._venue.http + BROKERAGE + path
        async with self._session.request(method, url, data=data, headers=headers) as reply:
            text = await reply.text()
            return reply.status, reply.headers, json.loads(text) if text[:1] in "{[" else text

    async def get(self, path):
        return (await self.call("GET", path))[2]

    async def post(self, path, **body):
        return (await self.call("POST", path, body))[2]

    async def order(self, name, side="BUY", product="BTC-USD", client_id="", **fields):
        return await self.post(
            "/orders",
            client_order_id=client_id,
            product_id=product,
            side=side,
            order_configuration={name: fields},
        )


class Exchange:
    """Signs each request with a key, a passphrase and a timestamp."""

    def __init__(self, venue, session):
        self._venue = venue
        self._session = session

    async def call(self, method, path, body=None):
        data = json.dumps(body) if body is not None else ""
        headers = exchange_headers(self._venue.now_s, method, path, data)
        url = self._venue.http + path
        async with self._session.request(method, url, data=data or None, headers=headers) as reply:
            return reply.status, reply.headers, await reply.json()

    async def get(self, path):
        return (await self.call("GET", path))[2]

    async def order(self, **fields):
        body = {"product_id": "BTC-USD", "side": "buy", **fields}
        return await self.call("POST", "/orders", body)


def session():
    return aiohttp.ClientSession()
