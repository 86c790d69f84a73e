"""`crossquote token`: tokens made, listed and removed, and each mistake named."""

import orjson
import pytest

from api.route import Scope
from api.tokens import read
from cli.main import main


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("version: 1\napi: {tokens_file: keys/tokens}\n")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys" / "tokens"


def test_a_token_is_printed_once_and_kept_as_a_hash(path, capsys):
    assert main(["token", "add", "desk", "--scope", "read,trade", "--json"]) == 0
    made = orjson.loads(capsys.readouterr().out)
    assert made["scopes"] == ["read", "trade"]
    assert made["token"] not in path.read_text()
    (held,) = read(path)
    assert (held.name, held.scopes) == ("desk", (Scope.READ, Scope.TRADE))


def test_without_a_scope_a_token_may_only_read(path, capsys):
    assert main(["token", "add", "board"]) == 0
    assert capsys.readouterr().out.startswith("cq_")
    assert read(path)[0].scopes == (Scope.READ,)


def test_the_list_says_who_may_do_what_and_whether_anybody_may(path, capsys):
    assert main(["token", "list"]) == 0
    assert "requests need none" in capsys.readouterr().out
    main(["token", "add", "board"])
    capsys.readouterr()
    assert main(["token", "list"]) == 0
    assert capsys.readouterr().out.split() == ["board", "read"]
    assert main(["token", "list", "--json"]) == 0
    assert [one["name"] for one in orjson.loads(capsys.readouterr().out)] == ["board"]
    assert main(["token", "remove", "board"]) == 0
    capsys.readouterr()
    assert main(["token", "list"]) == 0
    assert "nobody is let in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["remove", "nobody"], 1, "no token 'nobody'"),
        (["add", "two words"], 1, "a name has"),
        (["add"], 2, "takes one name"),
        (["list", "board"], 2, "takes no name"),
    ],
)
def test_a_mistake_is_named(words, code, said, capsys):
    assert main(["token", *words]) == code
    assert said in capsys.readouterr().err


def test_an_unknown_scope_or_a_file_that_cannot_be_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as refused:
        main(["token", "add", "board", "--scope", "everything"])
    assert refused.value.code == 2
    assert "read, trade" in capsys.readouterr().err
    (tmp_path / "keys").write_text("")
    assert main(["token", "add", "board"]) == 1
    assert "keys" in capsys.readouterr().err
