"""The reference of the configuration."""

import re
from pathlib import Path

from cli.main import main
from cli.settings import load
from cli.settings.model import Venues
from cli.settings.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_page_is_what_the_schema_says(capsys):
    """Else: `crossquote config reference > docs/configuration.md`."""
    assert main(["config", "reference"]) == 0
    assert capsys.readouterr().out == PAGE.read_text(encoding="utf-8") == reference()


def test_every_key_is_on_the_page():
    page = reference()
    venue = re.compile(rf"^venues\.({'|'.join(name for name, _ in Venues())})\.")
    for path, _, _ in load(None, {}).leaves():
        assert f"| `{venue.sub('venues.VENUE.', path)}` |" in page, path


def test_every_cell_of_the_page_has_words():
    rows = [line for line in reference().splitlines() if line.startswith("|")]
    assert len(rows) > 50
    for row in rows:
        assert all(cell.strip() for cell in row.strip("|").split(" | ")), row
