"""Tokens that open the port: 256 random bits each, of which only the SHA-256 is kept.

A hash of so many random bits cannot be guessed back, so a slow one would protect nothing more. The
file has one line a token: name, scopes with commas, hash, when it was made (ns since the epoch).
"""

import hashlib
import hmac
import os
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .route import Scope

#: Tokens of one file, and bytes of it.
TOKENS_MAX = 256
FILE_BYTES_MAX = 64 * 1024
#: What a token begins with, so that one is known where it does not belong.
PREFIX = "cq_"
#: So often the file is looked at for changes.
_LOOK_S = 1.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,31}")
_HASH = re.compile(r"[0-9a-f]{64}")


class TokenError(ValueError):
    """The file or the name of a token is no good; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret."""

    name: str
    scopes: tuple[Scope, ...]
    hash: str
    made_ns: int


class Tokens:
    """The tokens of a file, read anew when it changes.

    As soon as the file is there a token is needed: one that is empty or cannot be read lets nobody
    in, so that removing the last token opens nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._looked_s = float("-inf")
        self._held: tuple[Token, ...] = ()
        self.problem = ""

    @property
    def needed(self) -> bool:
        """Whether a token is needed."""
        self._look()
        return self._seen is not None or bool(self.problem)

    @property
    def any(self) -> bool:
        """Whether there are any."""
        self._look()
        return bool(self._held)

    def find(self, secret: str) -> Token | None:
        """Return the token of a secret, None for an unknown one; takes as long for either."""
        self._look()
        given = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
        found = None
        for token in self._held:
            if hmac.compare_digest(token.hash, given):
                found = token
        return found

    def _look(self) -> None:
        """Read the file again if it changed."""
        now_s = time.monotonic()
        if now_s - self._looked_s < _LOOK_S:
            return
        self._looked_s = now_s
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self._held, self._seen, self.problem = (), None, ""
            return
        except OSError as error:
            self._held, self._seen, self.problem = (), None, error.strerror or str(error)
            return
        seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._held, self.problem = read(self._path), ""
        except (OSError, TokenError) as error:
            self._held, self.problem = (), str(error)


def read(path: Path) -> tuple[Token, ...]:
    """Return the tokens of a file, none where there is no file; raises OSError, TokenError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    if len(data) > FILE_BYTES_MAX:
        raise TokenError(f"{path}: larger than {FILE_BYTES_MAX} bytes")
    lines = data.decode("ascii", "replace").splitlines()
    return tuple(_parsed(path, number, line) for number, line in enumerate(lines, 1) if line)


def _parsed(path: Path, number: int, line: str) -> Token:
    words = line.split(" ")
    wrong = TokenError(f"{path}:{number}: is no token; `crossquote token` writes this file")
    if len(words) != 4 or not _NAME.fullmatch(words[0]) or not _HASH.fullmatch(words[2]):
        raise wrong
    try:
        scopes = tuple(Scope(name) for name in words[1].split(","))
        return Token(words[0], scopes, words[2], int(words[3]))
    except ValueError:
        raise wrong from None


def add(path: Path, name: str, scopes: Iterable[Scope]) -> str:
    """Add a token to a file, made with mode 0600; returns the secret, which is kept nowhere.

    Raises OSError, and TokenError for a name that is taken or no name.
    """
    if not _NAME.fullmatch(name):
        raise TokenError(f"{name[:40]!r}: a name has 1 to 32 letters, digits, '-', '_' and '.'")
    held = read(path)
    if any(one.name == name for one in held):
        raise TokenError(f"{name!r} is there already; `crossquote token remove {name}` first")
    if len(held) >= TOKENS_MAX:
        raise TokenError(f"{path}: {TOKENS_MAX} tokens are there, and no more are kept")
    secret = PREFIX + secrets.token_urlsafe(32)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    _write(path, (*held, Token(name, tuple(scopes), digest, time.time_ns())))
    return secret


def remove(path: Path, name: str) -> None:
    """Remove a token from a file; raises OSError, and TokenError for one that is not there."""
    held = read(path)
    left = tuple(one for one in held if one.name != name)
    if len(left) == len(held):
        raise TokenError(f"there is no token {name[:40]!r}")
    _write(path, left)


def _write(path: Path, tokens: tuple[Token, ...]) -> None:
    """Replace the file at once, so that no reader sees half of it."""
    text = "".join(
        f"{one.name} {','.join(one.scopes)} {one.hash} {one.made_ns}\n" for one in tokens
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)
