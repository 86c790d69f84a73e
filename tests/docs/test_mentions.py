"""Commands mentioned in the text, beside the blocks that are run: verbs and options exist."""

import re
from pathlib import Path

import pytest

from cli.completion import verbs_of
from cli.main import full_parser

from .blocks import ROOT, documents

_CODE = re.compile(r"`(?:\.venv/bin/)?crossquote ([a-z][a-z-]*)((?:[^`\\]|\\\|)*)`")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
PAGES = [*documents(), "CHANGELOG.md", "config.yaml", "Makefile"]


@pytest.fixture(scope="module")
def options():
    """Every option by its verb."""
    return {
        name: {string for one in parser._actions for string in one.option_strings}
        for name, parser in verbs_of(full_parser()).items()
    }


def mentions(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    return [(verb, rest) for verb, rest in _CODE.findall(text)]


@pytest.mark.parametrize("page", PAGES)
def test_what_is_mentioned_is_there(page, options):
    for verb, rest in mentions(page):
        assert verb in options, f"{page}: crossquote {verb}"
        for option in _OPTION.findall(rest):
            assert option in options[verb], f"{page}: crossquote {verb} {option}"


def test_the_pages_mention_most_verbs(options):
    named = {verb for page in PAGES for verb, _ in mentions(page)}
    assert named > {"run", "replay", "status", "fault", "config", "doctor", "simtest"}


def test_files_that_the_text_names_exist():
    """Paths of the project in inline code, such as `books/grade.py`."""
    rooms = {
        path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")
    }
    path_like = re.compile(r"`((?:[\w-]+/)+[\w.-]+\.(?:py|pyx|pxd|ya?ml|md|ipynb|json|service))`")
    for page in documents():
        text = (ROOT / page).read_text(encoding="utf-8")
        for name in path_like.findall(text):
            if Path(name).parts[0] in rooms:
                assert (ROOT / name).exists(), f"{page}: {name}"
