"""The page's files: what is served and how, and that they need nothing from outside."""

import re
from importlib.resources import files

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from api.live_page import PAGE_FILES, add_page

ROOT = files("api") / "web"


@pytest.fixture
async def client():
    app = web.Application()
    add_page(app)
    async with TestClient(TestServer(app)) as found:
        yield found


async def test_every_file_of_the_page_is_served_and_fenced_in(client):
    """With its type, and a policy that lets nothing in from elsewhere."""
    kinds = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
    for name in PAGE_FILES:
        reply = await client.get("/" if name == "index.html" else f"/page/{name}")
        assert reply.status == 200
        assert reply.content_type == kinds[name.rpartition(".")[2]]
        policy = reply.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/page/", "/page/../live_page.py", "/page/js/none.js", "/page/vendor/uPlot.LICENSE"]
)
async def test_nothing_else_is_served(client, path):
    """Neither other files nor a way up."""
    assert (await client.get(path)).status == 404


def test_every_file_that_the_page_names_is_there():
    """Scripts, styles and imports all are among the files that are served."""
    index = (ROOT / "index.html").read_text()
    for named in re.findall(r'(?:src|href)="(page/[^"]+)"', index):
        assert named.removeprefix("page/") in PAGE_FILES
    for name in PAGE_FILES:
        if name.startswith("js/"):
            text = ROOT.joinpath(*name.split("/")).read_text()
            for named in re.findall(r'from "\./([^"]+)"', text):
                assert f"js/{named}" in PAGE_FILES


def test_the_page_asks_nobody_else():
    """No address of another host stands in what we wrote."""
    for name in PAGE_FILES:
        if not name.startswith("vendor/"):
            text = ROOT.joinpath(*name.split("/")).read_text()
            assert not re.search(r"(https?|wss?)://(?!\$\{)", text), name


def test_the_charting_library_ships_with_its_licence():
    """It is pinned by being here, with its terms beside it."""
    assert "MIT" in (ROOT / "vendor" / "uPlot.LICENSE").read_text()
    assert "uPlot" in (ROOT / "vendor" / "uPlot.iife.min.js").read_text()[:400]
