"""REST of the simulated Coinbase."""

import aiohttp
import pytest

from sim.server.counts import Rule

from .helpers import within

BROKERAGE = "/api/v3/brokerage"


@pytest.fixture
async def session():
    async with within(), aiohttp.ClientSession() as opened:
        yield opened


async def get(session, world, path):
    async with session.get(world.coinbase.http_url + path, json={}) as reply:
        return reply.status, await reply.json()


@pytest.mark.parametrize("path", ["/market/products", "/products"])
async def test_products_are_listed(session, world, path):
    _, answer = await get(session, world, BROKERAGE + path)
    names = [row["product_id"] for row in answer["products"]]
    assert names == ["BTC-USD", "ETH-USD", "USDT-USD"]
    assert answer["num_products"] == 3


async def test_there_are_no_futures(session, world):
    _, answer = await get(session, world, f"{BROKERAGE}/market/products?product_type=FUTURE")
    assert answer == {"products": [], "num_products": 0}


async def test_one_product_is_described(session, world):
    _, answer = await get(session, world, f"{BROKERAGE}/market/products/USDT-USD")
    assert (answer["price_increment"], answer["base_increment"]) == ("0.00001", "0.01")


@pytest.mark.parametrize(("query", "levels"), [("&limit=3", 3), ("&limit=0", 500), ("", 500)])
async def test_a_book_is_cut_to_the_limit_best_first(session, world, query, levels):
    path = f"{BROKERAGE}/market/product_book?product_id=BTC-USD{query}"
    _, answer = await get(session, world, path)
    book = answer["pricebook"]
    bids = [float(row["price"]) for row in book["bids"]]
    asks = [float(row["price"]) for row in book["asks"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert (len(bids) == 3) if levels == 3 else (len(bids) > 200)
    middle = (bids[0] + asks[0]) / 2
    assert float(answer["mid_market"]) == pytest.approx(middle, abs=1e-6)
    assert float(answer["spread_bps"]) == pytest.approx(
        (asks[0] - bids[0]) / middle * 1e4, abs=1e-3
    )


async def test_time_is_told_three_times(session, world):
    _, answer = await get(session, world, f"{BROKERAGE}/time")
    assert list(answer) == ["iso", "epochSeconds", "epochMillis"]
    assert int(answer["epochMillis"]) // 1000 == int(answer["epochSeconds"])


async def test_what_clients_ask_for_at_their_start_is_there(session, world):
    assert (await get(session, world, "/v2/currencies"))[1]["data"][0]["id"] == "USD"
    crypto = (await get(session, world, "/v2/currencies/crypto"))[1]["data"]
    assert [row["code"] for row in crypto] == ["BTC", "ETH", "USDT"]
    rates = (await get(session, world, "/v2/exchange-rates"))[1]["data"]["rates"]
    assert float(rates["USD"]) == 1.0
    assert 0.99 < float(rates["USDT"]) < 1.01
    rates = (await get(session, world, "/v2/exchange-rates?currency=BTC"))[1]["data"]["rates"]
    assert float(rates["USD"]) > 1000


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{BROKERAGE}/market/product_book?product_id=NO-SUCH", 404),
        (f"{BROKERAGE}/market/product_book", 404),
        (f"{BROKERAGE}/market/product_book?product_id=BTC-USD&limit=x", 400),
        (f"{BROKERAGE}/market/products/NO-SUCH", 404),
        ("/v2/exchange-rates?currency=XXX", 400),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(session, world, path, status):
    found, answer = await get(session, world, path)
    assert found == status
    assert list(answer) == ["error", "error_details", "message"]


async def test_requests_beyond_the_rate_are_refused_and_counted(session, world):
    status = 200
    while status == 200:
        status, answer = await get(session, world, f"{BROKERAGE}/time")
    assert status == 429
    assert answer["errors"][0]["id"] == "rate_limit_exceeded"
    assert world.coinbase.counts.violations == {Rule.REST_RATE: 1}
