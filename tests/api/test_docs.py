"""The page about the API names every route and channel that there is, and no other."""

import re
from pathlib import Path

from api.channels import CHANNELS
from api.table import ROUTES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def test_every_route_is_on_the_page_and_the_page_has_no_other():
    table = PAGE.partition("## Routes")[2].partition("### ")[0]
    named = set(re.findall(r"(/v1/[\w{}/-]+)", table))
    assert named == {route.path for route in ROUTES}


def test_every_channel_is_on_the_page():
    table = PAGE.partition("| channel |")[2]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(CHANNELS)
