"""Tokens: made once, kept as hashes, found in constant time, and taken away."""

import stat

import pytest

from api import tokens
from api.route import Scope
from api.tokens import TokenError, Tokens, add, read, remove


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "tokens"


@pytest.fixture(autouse=True)
def _looked_at_each_time(monkeypatch):
    monkeypatch.setattr(tokens, "_LOOK_S", 0.0)


def test_a_token_is_found_by_its_secret_and_by_nothing_else(path):
    secret = add(path, "board", [Scope.READ])
    add(path, "desk", [Scope.READ, Scope.TRADE])
    held = Tokens(path)
    assert held.find(secret).name == "board"
    assert held.find(secret).scopes == (Scope.READ,)
    for wrong in ("", "board", secret[:-1], secret + "x", secret.upper(), "\udcff"):
        assert held.find(wrong) is None


def test_the_file_holds_no_secret_and_is_its_owner_s(path):
    secret = add(path, "board", [Scope.READ])
    assert secret.startswith("cq_")
    assert len(secret) > 40
    assert secret.removeprefix("cq_") not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert add(path, "other", [Scope.READ]) != secret


def test_names_are_taken_once_and_have_a_form(path):
    add(path, "board", [Scope.READ])
    with pytest.raises(TokenError, match="remove board"):
        add(path, "board", [Scope.TRADE])
    for name in ("", "two words", "-x", "x" * 33, "né", "a\nb"):
        with pytest.raises(TokenError, match="a name has"):
            add(path, name, [Scope.READ])


def test_no_more_tokens_are_kept_than_there_is_room_for(path, monkeypatch):
    monkeypatch.setattr(tokens, "TOKENS_MAX", 1)
    add(path, "board", [Scope.READ])
    with pytest.raises(TokenError, match="no more"):
        add(path, "desk", [Scope.READ])


def test_a_removed_token_opens_nothing_and_the_last_one_s_removal_opens_nothing_either(path):
    held = Tokens(path)
    assert (held.needed, held.any) == (False, False)
    secret = add(path, "board", [Scope.READ])
    assert (held.needed, held.any) == (True, True)
    remove(path, "board")
    assert held.find(secret) is None
    assert (held.needed, held.any) == (True, False)
    with pytest.raises(TokenError, match="no token"):
        remove(path, "board")
    path.unlink()
    assert (held.needed, held.any) == (False, False)


@pytest.mark.parametrize(
    "text",
    ["nonsense\n", "a read 00 1\n", f"a dance {'0' * 64} 1\n", f"a read {'0' * 64} x\n", "é\n"],
)
def test_a_damaged_file_lets_nobody_in_and_names_its_line(path, text):
    secret = add(path, "board", [Scope.READ])
    held = Tokens(path)
    assert held.find(secret)
    path.write_text(path.read_text() + text)
    assert held.find(secret) is None
    assert held.needed
    assert ":2: is no token" in held.problem
    with pytest.raises(TokenError, match=":2: is no token"):
        read(path)


def test_a_file_that_is_too_large_or_cannot_be_read_lets_nobody_in(path):
    secret = add(path, "board", [Scope.READ])
    held = Tokens(path)
    path.write_text("\n" * (tokens.FILE_BYTES_MAX + 1))
    assert held.find(secret) is None
    assert "larger" in held.problem
    path.unlink()
    path.mkdir()
    assert held.find(secret) is None
    assert held.needed


def test_the_file_is_not_looked_at_for_each_request(path, monkeypatch):
    monkeypatch.setattr(tokens, "_LOOK_S", 3_600.0)
    secret = add(path, "board", [Scope.READ])
    held = Tokens(path)
    assert held.find(secret)
    remove(path, "board")
    assert held.find(secret)
