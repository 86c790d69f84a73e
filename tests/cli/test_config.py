"""`crossquote config` as a person runs it: in a process of its own, with files of every sort."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.main import main
from cli.settings import MASK, load
from cli.settings.render import render

ROOT = Path(__file__).parents[2]
LIVE = "there is no mode that sends orders to a production venue"
VALID = "version: 1\nlog:\n  level: debug\n"


def crossquote(*arguments, cwd=ROOT, **environment):
    clean = {name: text for name, text in os.environ.items() if "CROSSQUOTE" not in name}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *map(str, arguments)],
        cwd=cwd,
        env={**clean, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def here(capsys, monkeypatch):
    """Return a function that runs the command in this process, as `crossquote` does in its own."""

    def run(*arguments, cwd=ROOT, **environment):
        with monkeypatch.context() as patch:
            patch.chdir(cwd)
            for name in os.environ:
                if "CROSSQUOTE" in name:
                    patch.delenv(name)
            for name, text in environment.items():
                patch.setenv(name, text)
            try:
                code = main([*map(str, arguments)])
            except SystemExit as end:
                code = end.code
        shown = capsys.readouterr()
        return SimpleNamespace(returncode=code, stdout=shown.out, stderr=shown.err)

    return run


def make(folder, kind):
    path = folder / f"{kind}.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(bytes(range(256)))
    elif kind == "empty":
        path.write_text("")
    elif kind == "loop":
        path.symlink_to(path)
    return path


WRONG_FILES = {
    "missing": "there is no such file; give its path with --config",
    "folder": "is a folder, expected a YAML file",
    "binary": "is not UTF-8 text: byte 128",
    "empty": "is empty; expected at least `version: 1`",
    "loop": "cannot be read: Too many levels of symbolic links",
}


@pytest.mark.parametrize("kind", WRONG_FILES)
def test_a_wrong_file_is_refused_with_one_line_and_exit_code_2(kind, tmp_path, here):
    path = make(tmp_path, kind)
    done = here("config", "check", "--config", path)
    line = ":2" if kind == "binary" else ""
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"The configuration has 1 problem:\n  {path}{line}: {WRONG_FILES[kind]}\n"


def test_an_unreadable_file_is_refused(tmp_path, monkeypatch, capsys):
    path = tmp_path / "c.yaml"
    path.write_text(VALID)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert main(["config", "check", "--config", str(path)]) == 2
    assert capsys.readouterr().err == (
        "The configuration has 1 problem:\n"
        f"  {path}: may not be read by this user; check its owner and mode\n"
    )


def test_every_problem_of_a_file_and_the_environment_is_shown_at_once(tmp_path, here):
    path = tmp_path / "c.yaml"
    path.write_text("version: 1\nlog:\n  levle: debug\nmode: live\n")
    done = here("config", "check", "--config", path, CROSSQUOTE__L2__SLOTS="0")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "The configuration has 3 problems:",
        f"  {path}:3: log.levle: unknown key, did you mean level?",
        f"  {path}:4: mode: got 'live', expected paper or sim or testnet; {LIVE}",
        "  CROSSQUOTE__L2__SLOTS: l2.slots: got '0', expected a whole number from 1 to 4096",
    ]


def test_problems_are_printed_as_json_when_asked(tmp_path, here):
    path = tmp_path / "c.yaml"
    path.write_text("version: 1\nlgo: 1\n")
    for action in ("check", "show"):
        done = here("config", action, "--config", path, "--json")
        assert done.returncode == 2
        assert json.loads(done.stdout) == {
            "ok": False,
            "problems": [
                {
                    "path": "lgo",
                    "message": "unknown key, did you mean log?",
                    "source": "file",
                    "where": f"{path}:2",
                }
            ],
        }


def test_the_shipped_file_is_valid():
    done = crossquote("config", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "config.yaml: valid\n  mode: sim\n  venues (instruments): binance (2), coinbase (3)\n"
    )


def test_without_a_file_the_defaults_are_in_force(tmp_path, here):
    done = here("config", "check", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("No config.yaml here, the built-in defaults: valid\n")
    told = here("config", "check", "--json", cwd=tmp_path, CROSSQUOTE__MODE="paper")
    assert json.loads(told.stdout) == {"ok": True, "file": None, "mode": "paper", "problems": []}


def test_show_prints_origins_and_hides_secrets(tmp_path, here):
    path = tmp_path / "c.yaml"
    path.write_text(VALID)
    environment = {"CROSSQUOTE__LOG__KEEP": "9", "BINANCE_API_KEY": "hunter2hunter2"}
    done = here("config", "show", "--config", path, **environment)
    assert done.returncode == 0
    lines = {line.split(":")[0].strip(): line for line in done.stdout.splitlines()}
    assert lines["level"].split() == ["level:", "debug", "#", f"{path}:3"]
    assert lines["keep"].split() == ["keep:", "9", "#", "CROSSQUOTE__LOG__KEEP"]
    assert lines["seed"].split() == ["seed:", "1", "#", "default"]
    assert lines["#   BINANCE_API_KEY"] == f"#   BINANCE_API_KEY: {MASK}  (BINANCE_API_KEY)"
    told = here("config", "show", "--config", path, "--json", **environment)
    data = json.loads(told.stdout)
    assert data["settings"]["log"]["keep"] == 9
    assert data["origins"]["log.level"] == {"source": "file", "where": f"{path}:3"}
    assert data["secrets"]["BINANCE_API_KEY"] == {"value": MASK, "where": "BINANCE_API_KEY"}
    assert "hunter2" not in done.stdout + told.stdout


@pytest.mark.parametrize(
    "text",
    [
        VALID,
        "version: 1\nlog: {file: 'a: b # c'}\nrecording: {dir: 'null'}",
        "version: 1\nlog: {file: ''}\nrecording: {dir: ü\"\\}\nedges: {min_notional: 0.10}",
        "version: 1\npairs: [{a: BTC-USDT.BINANCE, b: BTC-USD.COINBASE, via: USDT-USD.COINBASE}]",
        "version: 1\npairs: []\nvenues: {binance-us: {instruments: [BTC/USD, 1INCHUSD]}}",
    ],
)
def test_what_show_prints_is_a_file_that_means_the_same(text, tmp_path):
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(text)
    before = load(first, {})
    second.write_text(render(before))
    assert load(second, {}).settings == before.settings
    # Another reader of YAML must see the same values, too.
    import yaml

    other = yaml.safe_load(second.read_text())
    assert other["log"]["file"] == before.settings.log.file
    assert other["recording"]["dir"] == before.settings.recording.dir
    assert other["edges"]["min_notional"] == before.settings.edges.min_notional


def test_the_schema_describes_every_key(here):
    done = here("config", "schema")
    schema = json.loads(done.stdout)
    sections = schema["$defs"].values()
    for section in sections:
        assert section["additionalProperties"] is False
        assert section["description"]
        for key in section["properties"].values():
            assert key["description"][0].strip()
    named = {name for section in sections for name in section["properties"]}
    for path, _, _ in load(None, {}).leaves():
        assert path.rpartition(".")[2] in named


def test_an_unknown_action_is_wrong_usage():
    done = crossquote("config", "chekc")
    assert done.returncode == 2
    assert "invalid choice: 'chekc'" in done.stderr


def test_a_reader_that_goes_away_ends_the_output_quietly():
    command = f"{sys.executable} -m cli.main config show | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("alphabet", ["ascii", "utf-8"])
def test_a_file_name_outside_the_alphabet_is_escaped(alphabet, tmp_path):
    path = tmp_path / os.fsdecode(b"\xff\xc3\xbc.yaml")
    path.write_text(VALID)
    for action in (["show"], ["check"], ["show", "--json"], ["check", "--json"]):
        done = crossquote("config", *action, "--config", path, PYTHONIOENCODING=alphabet)
        assert (done.returncode, done.stderr) == (0, "")
        assert ".yaml" in done.stdout
