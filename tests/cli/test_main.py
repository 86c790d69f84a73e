"""The command line finds its verbs and explains itself."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import VERBS, build_parser, main


def exits(words: list[str]) -> int:
    with pytest.raises(SystemExit) as caught:
        main(words)
    return caught.value.code


def test_help_names_every_verb_with_its_summary(capsys):
    assert exits(["--help"]) == 0
    shown = capsys.readouterr().out
    for name, summary in VERBS.items():
        assert name in shown
        assert summary.split()[0] in shown


@pytest.mark.parametrize("name", VERBS)
def test_each_verb_explains_itself(capsys, name):
    assert exits([name, "--help"]) == 0
    assert f"crossquote {name}" in capsys.readouterr().out


@pytest.mark.parametrize("name", VERBS)
def test_each_verb_is_a_module_that_configures_and_runs(name):
    module = importlib.import_module(f"cli.{name.replace('-', '_')}")
    assert callable(module.configure)
    assert callable(module.run)


@pytest.mark.parametrize("words", [[], ["--json"], ["no-such-verb"], ["replay", "--no-such"]])
def test_wrong_usage_exits_2(capsys, words):
    assert exits(words) == 2
    assert "usage: crossquote" in capsys.readouterr().err


def test_only_the_chosen_verb_is_configured():
    parser = build_parser("replay")
    args = parser.parse_args(["replay", "--source", "binance=x"])
    assert args.source == ["binance=x"]
    assert callable(args.run)


def test_a_reader_that_has_seen_enough_ends_the_run_without_a_traceback(tmp_path):
    """As in `| head -1`."""
    (tmp_path / "a.txt").write_bytes(b"1700000000000000000 {}\n")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "replay", "--source", f"binance={tmp_path / 'a.txt'}"],
        cwd=Path(__file__).resolve().parents[2],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")
