"""Metrics and health stand beside the API: metrics for whom it lets in, health for everybody."""

import time
from contextlib import asynccontextmanager

import aiohttp
import pytest

from api import tokens
from api.api import Api
from api.audit_log import AuditLog
from api.gate import PublicGate
from api.health import Health
from api.limits import Rates
from api.metrics import Metrics
from api.port import Port
from api.route import Scope
from api.tokens import Tokens

from .measured import traded
from .node_host import NodeHost


@asynccontextmanager
async def served(folder):
    """Serve the API with metrics and health on a free port; yields its address."""
    process = traded()
    host = NodeHost(process.node)
    audit = AuditLog(folder / "audit.jsonl", 1 << 20, 2, host.now_ns)
    api = Api(host, audit, (Metrics(process).mount, Health(process).mount))
    gate = PublicGate(Tokens(folder / "tokens"), Rates(100_000, time.monotonic), audit)
    port = Port(api, gate, "127.0.0.1", 0)
    await port.start()
    try:
        yield port.address
    finally:
        await port.stop()


async def asked(address, path, **headers):
    async with (
        aiohttp.ClientSession() as session,
        session.get(address + path, headers=headers) as a,
    ):
        return a.status, await a.text()


async def test_without_tokens_this_machine_reads_metrics_and_health(tmp_path):
    async with served(tmp_path) as address:
        status, said = await asked(address, "/metrics")
        assert status == 200
        assert "crossquote_book_live{" in said
        assert (await asked(address, "/healthz"))[0] == 200
        assert (await asked(address, "/readyz"))[0] == 200


async def test_with_tokens_metrics_want_one_that_may_read(tmp_path):
    made = tokens.add(tmp_path / "tokens", "prometheus", (Scope.READ,))
    async with served(tmp_path) as address:
        status, said = await asked(address, "/metrics")
        assert status == 401
        assert "crossquote token add" in said
        assert (await asked(address, "/metrics", Authorization=f"Bearer {made}"))[0] == 200


async def test_a_token_that_may_only_trade_reads_no_metrics(tmp_path):
    made = tokens.add(tmp_path / "tokens", "robot", (Scope.TRADE,))
    async with served(tmp_path) as address:
        assert (await asked(address, "/metrics", Authorization=f"Bearer {made}"))[0] == 403


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_a_supervisor_needs_no_token_and_no_name_of_ours(tmp_path, path):
    """A probe calls by whatever address it knows, and has nothing to show."""
    tokens.add(tmp_path / "tokens", "prometheus", (Scope.READ,))
    async with served(tmp_path) as address:
        assert (await asked(address, path, Host="10.0.0.7:8080"))[0] == 200
        assert (await asked(address, "/metrics", Host="10.0.0.7:8080"))[0] == 421
