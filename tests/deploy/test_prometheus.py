"""Alert rules, their tests, the board and the runbook agree with each other and with promtool."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"
RULES = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
TESTS = yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text())["tests"]
BOARD = json.loads((GRAFANA / "dashboards" / "crossquote.json").read_text())
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()

PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is missing: apt-get install prometheus"
)


def promtool(*arguments, given=None):
    """Run promtool beside the rules; returns its exit code and everything it said."""
    done = subprocess.run(
        [PROMTOOL, *arguments],
        cwd=PROMETHEUS,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@needs_promtool
def test_promtool_accepts_the_rules_and_the_configuration():
    code, told = promtool("check", "rules", "alerts.yml")
    assert code == 0, told
    assert f"{len(RULES)} rules found" in told
    # Syntax only: the file of the token is made where the daemon is deployed.
    code, told = promtool("check", "config", "--syntax-only", "prometheus.yml")
    assert code == 0, told
    configuration = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    assert configuration["rule_files"] == ["alerts.yml"]
    assert [one["job_name"] for one in configuration["scrape_configs"]] == ["crossquote"]


@needs_promtool
def test_every_alert_fires_and_is_silent_as_its_tests_say():
    code, told = promtool("test", "rules", "alerts_test.yml")
    assert code == 0, told


@needs_promtool
def test_promtools_tests_notice_a_rule_that_never_fires(tmp_path):
    """The check above can fail: one threshold out of reach, and it does."""
    text = (PROMETHEUS / "alerts.yml").read_text()
    (tmp_path / "alerts.yml").write_text(
        text.replace("crossquote_risk_state == 2", "vector(0) > 1")
    )
    whole = yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text())
    whole["tests"] = [one for one in TESTS if one["name"] == "CrossquoteTradingHalted fires"]
    (tmp_path / "alerts_test.yml").write_text(yaml.safe_dump(whole))
    code, told = promtool("test", "rules", str(tmp_path / "alerts_test.yml"))
    assert code != 0
    assert "CrossquoteTradingHalted fires" in told


def test_every_alert_is_tested_firing_and_silent():
    wanted = {f"{rule['alert']} {how}" for rule in RULES for how in ("fires", "is silent")}
    assert {one["name"] for one in TESTS} == wanted
    for one in TESTS:
        (check,) = one["alert_rule_test"]
        assert one["name"].startswith(check["alertname"] + " ")
        assert bool(check.get("exp_alerts")) == one["name"].endswith(" fires")


def test_every_alert_has_one_entry_in_the_runbook_and_points_to_it():
    """An entry says what the alert means, what to look at and what to do."""
    entries = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))
    assert sorted(entries) == sorted(rule["alert"] for rule in RULES)
    assert len(entries) == RUNBOOK.count("\n### ")
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
        for part in ("**Means** ", "**Look at** ", "**Do** "):
            assert part in entries[rule["alert"]], rule["alert"]


def test_every_alert_has_a_severity_that_the_runbook_explains():
    for rule in RULES:
        assert f"**{rule['labels']['severity']}**" in RUNBOOK
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def panels():
    return [one for one in BOARD["panels"] if one["type"] != "row"]


def test_the_board_overlaps_nowhere_and_names_each_panel_once():
    """Panels have ids and titles of their own, and share no cell of the grid."""
    assert len({one["id"] for one in BOARD["panels"]}) == len(BOARD["panels"])
    assert len({one["title"] for one in panels()}) == len(panels())
    cells = set()
    for one in BOARD["panels"]:
        at = one["gridPos"]
        own = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not own & cells, one["title"]
        cells |= own


def test_every_panel_asks_the_chosen_data_source():
    for one in panels():
        assert one["targets"]
        for target in one["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert target["expr"]


@needs_promtool
def test_promtool_accepts_every_expression_of_the_board(tmp_path):
    """Each is put into a rule of its own, with Grafana's variables filled in."""
    rules = [
        {
            "record": f"panel:{number}",
            "expr": target["expr"]
            .replace("$__rate_interval", "1m")
            .replace("$instance", ".*")
            .replace("$venue", ".*"),
        }
        for number, target in enumerate(t for one in panels() for t in one["targets"])
    ]
    file = tmp_path / "board.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": rules}]}))
    code, told = promtool("check", "rules", str(file))
    assert code == 0, told


def test_the_provisioning_names_the_data_source_and_the_folder_of_the_board():
    source = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())
    folder = yaml.safe_load((GRAFANA / "provisioning/dashboards/crossquote.yml").read_text())
    (one,) = source["datasources"]
    assert (one["type"], one["uid"]) == ("prometheus", BOARD_DATASOURCE)
    assert folder["providers"][0]["options"]["path"] == "/var/lib/grafana/dashboards"


BOARD_DATASOURCE = next(
    one["current"]["value"] for one in BOARD["templating"]["list"] if one["type"] == "datasource"
)


def metrics_named() -> set[str]:
    """Return the metrics that rules and board name, besides those that Prometheus itself makes."""
    texts = [rule["expr"] for rule in RULES]
    texts += [target["expr"] for one in panels() for target in one["targets"]]
    texts += [one.get("definition", "") for one in BOARD["templating"]["list"]]
    return {
        name for text in texts for name in re.findall(r"\b(?:crossquote|process)_[a-z0-9_]+", text)
    }
