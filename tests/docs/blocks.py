"""Commands in the documentation: blocks of kind `sh`, a command at a time, and `python`, whole."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w*)\s*$")
_HEREDOC = re.compile(r"<<'?(\w+)'?")
_CODE = re.compile(r"#.*\bexit code (\d+)")
#: What a block that is not run may not begin a line with: it would be a command that nobody runs.
_COMMANDS = re.compile(
    r"^\s*(\$ |(\.venv/bin/)?crossquote |curl |make |python3? |pip |docker |kubectl )"
)
#: What no command has, but a line that says how one is written.
_SYNOPSIS = "[--"


@dataclass(frozen=True, slots=True)
class Command:
    """A command as written; `code` is the exit code that its comment says, else 0."""

    text: str
    line: int
    code: int = 0


def documents() -> list[str]:
    """Return the pages that may hold commands, by their path in the project."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [page.relative_to(ROOT).as_posix() for page in pages]


def commands(document: str) -> list[Command]:
    """Return the commands of a page in their order."""
    found = []
    for kind, first, lines in _blocks(document):
        if kind == "sh":
            found += _split(lines, first)
        elif kind == "python":
            found.append(Command("python3 -c " + shlex.quote("\n".join(lines)), first))
    return found


def hidden(document: str) -> list[str]:
    """Return lines that look like commands and stand where no runner would find them."""
    found = []
    for kind, first, lines in _blocks(document):
        if kind not in ("sh", "yaml", "python", "json"):
            found += [
                f"{first + at}: {one}"
                for at, one in enumerate(lines)
                if _COMMANDS.match(one) and _SYNOPSIS not in one
            ]
    inside = False
    for number, line in enumerate(_lines(document), 1):
        inside ^= line.startswith("```")
        if not inside and line.startswith("    ") and _COMMANDS.match(line):
            found.append(f"{number}: {line}")
    return found


def _lines(document: str) -> list[str]:
    return (ROOT / document).read_text(encoding="utf-8").splitlines()


def _blocks(document: str) -> list[tuple[str, int, list[str]]]:
    """Return kind, number of the first line, and lines of each fenced block."""
    found: list[tuple[str, int, list[str]]] = []
    inside = False
    for number, line in enumerate(_lines(document), 1):
        fence = _FENCE.match(line)
        if fence and not inside:
            found.append((fence[1], number + 1, []))
            inside = True
        elif fence:
            inside = False
        elif inside:
            found[-1][2].append(line)
    return found


def _split(lines: list[str], first: int) -> list[Command]:
    found = []
    at = 0
    while at < len(lines):
        start = at
        text = lines[at]
        here = _HEREDOC.search(text)
        while here and lines[at] != here[1]:
            at += 1
            text += "\n" + lines[at]
        while text.endswith("\\"):
            at += 1
            text += "\n" + lines[at]
        at += 1
        if text.strip() and not text.startswith("#"):
            code = _CODE.search(text)
            found.append(Command(text.strip(), first + start, int(code[1]) if code else 0))
    return found


def page_of(path: Path) -> str:
    """Return a page's path in the project."""
    return path.relative_to(ROOT).as_posix()
