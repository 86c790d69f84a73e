"""The live page at `/`: files that ship with the package, and the headers that fence them in.

The files hold no data: what they show they ask the API for, with a token where one is needed.
"""

from importlib.resources import files
from typing import Final

from aiohttp import web

from .app import Handler

#: Files by URL path, under `api/web`, with their types. Nothing else is served.
_TYPES: Final = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
PAGE_FILES: Final = (
    "index.html",
    "page.css",
    "js/books.js",
    "js/chart.js",
    "js/dom.js",
    "js/feeds.js",
    "js/main.js",
    "js/rest.js",
    "js/stream.js",
    "js/text.js",
    "js/trading.js",
    "vendor/uPlot.iife.min.js",
    "vendor/uPlot.min.css",
)

#: Nothing is loaded from elsewhere, nobody may frame the page, and no address of it is passed on.
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def add_page(app: web.Application) -> None:
    """Serve the page."""
    root = files("api") / "web"
    for name in PAGE_FILES:
        path = "/" if name == "index.html" else f"/page/{name}"
        body = root.joinpath(*name.split("/")).read_bytes()
        app.router.add_get(path, _served(body, _TYPES[name.rpartition(".")[2]]), allow_head=True)


def _served(body: bytes, kind: str) -> Handler:
    async def handle(request: web.Request) -> web.Response:  # noqa: ARG001
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=_HEADERS)

    return handle
