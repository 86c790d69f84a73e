"""The metrics of a running daemon: promtool accepts them, rules, board and page know them all."""

import http.client
import re
import socket
from pathlib import Path

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from api.metrics import Metrics
from tests.deploy.test_prometheus import metrics_named, needs_promtool, promtool

from .process import DaemonProcess
from .running import Running, until, verify
from .test_trading import fills, trading_settings

_PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"

#: What a daemon that trades said: it takes seconds to get there, so both tests read the same.
_TOLD: list[str] = []


@pytest.fixture
async def told(served, tmp_path):
    """What a daemon with everything on says once every stage was gone through."""
    if not _TOLD:
        settings = trading_settings(tmp_path, served)
        settings = replace(settings, audit=replace(settings.audit, interval_s=1))
        async with Running(settings) as running:
            await until(lambda: all(fills(running)), "fills in every world")
            probe = running.daemon.probe
            await until(
                lambda: probe.venues and all(row[0].count for row in probe.venues.values()),
                "lag of each venue",
            )
            records = running.daemon.node.audits.records
            await until(lambda: any(one.audits for one in records.values()), "an audit")
            _TOLD.append((await Metrics(running.daemon).text()).decode())
        verify(settings.recording.dir)
    return _TOLD[0]


def asked(path, target):
    """Return status and body of an answer at a door."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.connect(str(path))
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


async def test_a_daemon_serves_metrics_and_health_at_its_door_and_becomes_ready(tmp_path):
    with DaemonProcess(tmp_path / "daemon") as daemon:
        await daemon.up()
        assert asked(daemon.socket, "/healthz")[0] == 200
        status, said = asked(daemon.socket, "/metrics")
        assert status == 200
        assert 'crossquote_book_live{instrument="BTC-USDT.BINANCE",venue="binance"}' in said
        await until(lambda: asked(daemon.socket, "/readyz")[0] == 200, "readiness")


async def test_the_output_is_what_rules_board_and_page_say(told):
    """All in one test: starting the daemon is what takes time."""
    families = list(text_string_to_metric_families(told))
    samples = {one.name for family in families for one in family.samples}
    declared = {f"{one.name}_total" if one.type == "counter" else one.name for one in families}
    assert declared >= UNSEEN
    assert sorted(metrics_named() - samples - UNSEEN) == []
    described = set(re.findall(r"`([a-z0-9_]+)`", _PAGE.read_text()))
    ours = {
        family.name.removeprefix("crossquote_") + ("_total" if family.type == "counter" else "")
        for family in families
        if family.name.startswith("crossquote_")
    }
    assert sorted(ours - described) == []
    stages = {
        one.labels["stage"]
        for family in families
        for one in family.samples
        if one.name == "crossquote_stage_seconds_count" and one.value
    }
    assert {"venue", "socket", "decode", "book", "cache", "decision", "total"} <= stages
    assert {"risk", "sent", "acknowledged"} <= stages
    labels = {name for family in families for one in family.samples for name in one.labels}
    assert labels <= LABELS


@needs_promtool
async def test_promtool_accepts_the_output(told):
    code, said = promtool("check", "metrics", given=told)
    assert (code, said) == (0, "")


#: Families that have samples only once something went wrong, or where orders go over the wire;
#: until then only their names are told.
UNSEEN = {
    "crossquote_balance_difference",
    "crossquote_order_channel_ready",
    "crossquote_order_checks_total",
    "crossquote_order_checks_undecided_total",
    "crossquote_order_strays_total",
    "crossquote_connection_errors_total",
    "crossquote_order_rejects_total",
    "crossquote_metrics_dropped_series",
}

#: Every label there is: a name made of what a feed says would be one without bound.
LABELS = {
    *("venue", "connection", "instrument", "reason", "result", "edge", "rule", "queue", "family"),
    *("world", "strategy", "code", "cause", "currency", "stage", "le", "version"),
}
