"""`crossquote stop` against a real door."""

import json

from tests.api.fake_view import serving

from .door_verbs import run_beside, run_verb


async def test_the_daemon_is_asked_once(tmp_path, capsys):
    async with serving(tmp_path / "s") as view:
        assert await run_beside("stop", "--socket", tmp_path / "s") == 0
        assert view.stopped == 1
    assert capsys.readouterr().out == f"the daemon at {tmp_path / 's'} stops\n"


async def test_json_is_what_the_daemon_says(tmp_path, capsys):
    async with serving(tmp_path / "s"):
        assert await run_beside("stop", "--socket", tmp_path / "s", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"stopping": True}


def test_without_a_daemon_the_exit_code_is_one(tmp_path, capsys):
    assert run_verb("stop", "--socket", tmp_path / "s") == 1
    assert "no daemon" in capsys.readouterr().err
