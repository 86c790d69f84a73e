"""What the demo accounts of simulated venues in another process have, asked over the wire."""

import http.client
import json
import secrets
from time import time_ns
from typing import NamedTuple

from connectors.binance import orders_sign as binance
from connectors.coinbase import orders_sign as coinbase
from connectors.orders import Request
from market.amount import amount_of
from sim.server.demo import CDP_KEY, demo_keys, demo_private_pem

_BROKERAGE = "/api/v3/brokerage"
_SYMBOLS = ("BTCUSDT", "ETHUSDT")
_PAGE = 1_000


class Trade(NamedTuple):
    """A fill by its venue: the client's id of the order, the trade's id, and the size as text."""

    venue: str
    order: str
    trade: str
    size: str


class Accounts:
    """The accounts at two ports of loopback. Everything is asked anew at each call."""

    def __init__(self, ports):
        self._ports = ports
        shared = next(key for key in demo_keys() if key.venue == "BINANCE")
        self._binance = binance.HmacSigner(shared.key, shared.secret)
        self._coinbase = coinbase.JwtSigner(CDP_KEY, demo_private_pem())

    def balances(self):
        """Return amounts by (venue, asset), without those that are zero."""
        found = {}
        for row in self._ask_binance("account")["balances"]:
            found["binance", row["asset"]] = amount_of(row["free"]) + amount_of(row["locked"])
        for row in self._ask_coinbase("/accounts", limit="250")["accounts"]:
            parts = (row["available_balance"]["value"], row["hold"]["value"])
            found["coinbase", row["currency"]] = sum(map(amount_of, parts))
        return {key: amount for key, amount in found.items() if amount}

    def open_orders(self):
        """Return the client's ids of the orders that are open, by venue."""
        theirs = self._ask_coinbase("/orders/historical/batch", order_status="OPEN")["orders"]
        return {
            "binance": [one["clientOrderId"] for one in self._ask_binance("openOrders")],
            "coinbase": [one["client_order_id"] for one in theirs],
        }

    def trades(self):
        """Return every fill of both accounts."""
        found = []
        for symbol in _SYMBOLS:
            orders = self._pages("allOrders", symbol, "orderId")
            names = {row["orderId"]: row["clientOrderId"] for row in orders}
            for row in self._pages("myTrades", symbol, "fromId"):
                order = names[row["orderId"]]
                found.append(Trade("binance", order, str(row["id"]), row["qty"]))
        names = {row["order_id"]: row["client_order_id"] for row in self._all("batch", "orders")}
        for row in self._all("fills", "fills"):
            order = names[row["order_id"]]
            found.append(Trade("coinbase", order, row["trade_id"], row["size"]))
        return found

    def orders(self):
        """Return the client's ids of all orders that ever arrived."""
        binance = [row for name in _SYMBOLS for row in self._pages("allOrders", name, "orderId")]
        coinbase = self._all("batch", "orders")
        return [row["clientOrderId"] for row in binance] + [
            row["client_order_id"] for row in coinbase
        ]

    def _pages(self, what, symbol, first):
        key = "orderId" if first == "orderId" else "id"
        rows = []
        while True:
            start = str(rows[-1][key] + 1) if rows else "0"
            page = self._ask_binance(what, symbol=symbol, limit=str(_PAGE), **{first: start})
            rows += page
            if len(page) < _PAGE:
                return rows

    def _all(self, what, name):
        rows, cursor = [], {}
        while True:
            answer = self._ask_coinbase(f"/orders/historical/{what}", limit="1000", **cursor)
            rows += answer[name]
            if not answer.get("cursor"):
                return rows
            cursor = {"cursor": answer["cursor"]}

    def _ask_binance(self, name, **params):
        request = Request("", "GET", f"/api/v3/{name}", tuple(params.items()))
        call = binance.call(request, self._binance, time_ns() // 10**6)
        return self._ask(self._ports["binance"], call)

    def _ask_coinbase(self, path, **params):
        request = Request("", "GET", _BROKERAGE + path, tuple(params.items()))
        port = self._ports["coinbase"]
        stamp = (time_ns() // 10**9, secrets.token_hex(8))
        return self._ask(port, coinbase.call(request, self._coinbase, f"127.0.0.1:{port}", *stamp))

    def _ask(self, port, call):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", call.path, headers=dict(call.headers))
            reply = connection.getresponse()
            body = reply.read()
        finally:
            connection.close()
        assert reply.status == 200, (call.path, body)
        return json.loads(body)
