"""Who is let in by the port: hosts, origins, tokens, scopes, rates; and what is put on record."""

import aiohttp
import orjson
import pytest

from api import tokens
from api.errors import DoorTakenError
from api.gate import is_loopback
from api.port import Port, UnguardedError, check_guarded
from api.route import Scope

from .node_host import OWN, NodeHost, ask, served

HALT = ("POST", "/v1/risk/halt")


@pytest.fixture
async def port(tmp_path):
    async with served(NodeHost(), tmp_path) as opened:
        opened.folder = tmp_path
        yield opened


def bearer(secret, **more):
    return {"Authorization": f"Bearer {secret}", **more}


def recorded(folder):
    return [orjson.loads(line) for line in (folder / "audit.jsonl").read_bytes().splitlines()]


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "", "[::2]", "[x"])
async def test_a_host_name_that_is_not_ours_is_refused_however_it_came(port, name):
    status, data = await ask(port, "GET", "/v1/quotes", {"Host": name})
    assert status == 421
    assert "api.hosts" in data["error"]


async def test_the_names_of_loopback_and_those_that_were_given_are_ours(tmp_path):
    async with served(NodeHost(), tmp_path, hosts=("board.example",)) as port:
        for name in ("localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8080", "board.example:443"):
            assert (await ask(port, "GET", "/v1/quotes", {"Host": name}))[0] == 200, name


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:1"])
async def test_pages_of_other_origins_may_neither_ask_nor_do_nor_listen(port, origin):
    headers = {"Origin": origin, **OWN}
    assert (await ask(port, "GET", "/v1/quotes", headers))[0] == 403
    assert (await ask(port, *HALT, headers))[0] == 403
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{port.address}/v1/stream", headers={"Origin": origin})
        assert refused.value.status == 403


async def test_the_page_that_we_serve_may_ask_do_and_listen(port):
    headers = {"Origin": port.address, **OWN}
    assert (await ask(port, "GET", "/v1/quotes", headers))[0] == 200
    assert (await ask(port, *HALT, headers))[0] == 200
    async with aiohttp.ClientSession() as session:
        socket = await session.ws_connect(f"{port.address}/v1/stream", headers=headers)
        await socket.close()


async def test_a_browser_s_request_from_another_site_is_refused_without_an_origin_too(port):
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert (await ask(port, "GET", "/v1/quotes", headers))[0] == 403
    assert (await ask(port, "GET", "/v1/quotes", {"Sec-Fetch-Site": "none"}))[0] == 200


async def test_without_tokens_only_what_changes_something_needs_our_header(port):
    assert (await ask(port, "GET", "/v1/quotes"))[0] == 200
    status, data = await ask(port, *HALT)
    assert status == 403
    assert "X-Crossquote" in data["error"]
    assert (await ask(port, *HALT, OWN))[0] == 200


async def test_with_tokens_each_request_needs_one_of_the_right_scope(tmp_path):
    looks = tokens.add(tmp_path / "tokens", "board", [Scope.READ])
    trades = tokens.add(tmp_path / "tokens", "desk", [Scope.READ, Scope.TRADE])
    async with served(NodeHost(), tmp_path) as port:
        for headers in (None, OWN, bearer("wrong"), {"Authorization": f"Basic {looks}"}):
            status, _ = await ask(port, "GET", "/v1/quotes", headers)
            assert status == 401
        assert (await ask(port, "GET", "/v1/quotes", bearer(looks)))[0] == 200
        assert (await ask(port, "GET", "/openapi.json", bearer(looks)))[0] == 200
        assert (await ask(port, *HALT, bearer(looks, **OWN)))[0] == 403
        assert (await ask(port, *HALT, bearer(trades)))[0] == 200
    (line,) = recorded(tmp_path)
    assert (line["caller"], line["way"], line["name"]) == ("desk", "tcp", "halt")


async def test_a_browser_gives_its_token_among_the_protocols_of_a_websocket(tmp_path):
    secret = tokens.add(tmp_path / "tokens", "board", [Scope.READ])
    async with served(NodeHost(), tmp_path) as port, aiohttp.ClientSession() as session:
        url = f"{port.address}/v1/stream"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
        socket = await session.ws_connect(url, protocols=("crossquote.v1", f"bearer.{secret}"))
        assert socket.protocol == "crossquote.v1"
        await socket.close()


async def test_beyond_loopback_a_token_is_needed_although_there_are_none(tmp_path):
    async with served(NodeHost(), tmp_path, loopback=False) as port:
        assert (await ask(port, "GET", "/v1/quotes", OWN))[0] == 401


async def test_who_asks_too_often_is_told_when_to_come_again(tmp_path):
    async with served(NodeHost(), tmp_path, rate=2) as port:
        answers = [await ask(port, "GET", "/v1/quotes") for _ in range(5)]
        assert [status for status, _ in answers] == [200] * 4 + [429]
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{port.address}/v1/quotes") as reply,
        ):
            assert int(reply.headers["Retry-After"]) >= 1


async def test_guesses_of_tokens_are_paced_as_well(tmp_path):
    tokens.add(tmp_path / "tokens", "board", [Scope.READ])
    async with served(NodeHost(), tmp_path, rate=1) as port:
        found = [(await ask(port, "GET", "/v1/quotes", bearer("x")))[0] for _ in range(4)]
        assert found[:2] == [401, 401]
        assert 429 in found


async def test_each_call_that_changes_something_is_on_record_also_when_it_was_refused(port):
    await ask(port, *HALT, OWN, json={"reason": "fire"})
    await ask(port, "POST", "/v1/risk/resume", OWN, json={"causes": "weather"})
    await ask(port, *HALT, OWN, data=b"{")
    await ask(port, "GET", "/v1/quotes")
    lines = recorded(port.folder)
    assert [one["name"] for one in lines] == ["halt", "resume", "halt"]
    assert orjson.loads(lines[0]["body"]) == {"reason": "fire"}
    assert [bool(one["refusal"]) for one in lines] == [False, True, True]
    assert {(one["caller"], one["way"]) for one in lines} == {("127.0.0.1", "tcp")}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "board.example", ""])
def test_an_address_that_others_reach_is_refused_without_a_token(host):
    assert not is_loopback(host)
    with pytest.raises(UnguardedError, match="crossquote token add"):
        check_guarded(host, tokens=False)
    check_guarded(host, tokens=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_loopback_needs_none(host):
    check_guarded(host, tokens=False)


async def test_a_taken_port_is_named_with_what_to_do(port, tmp_path):
    second = Port(port.api, None, "127.0.0.1", port.port)
    with pytest.raises(DoorTakenError, match=r"api\.port"):
        await second.start()
    await second.stop()
