"""A server between ccxt and a simulated venue that spoils answers; it passes on no streams."""

from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from yarl import URL


class Between:
    """Hands requests on to a venue. `spoil` may answer in its place, before or after it did.

    `spoil(request, reply)` is asked before with None, and after with the venue's answer; what it
    returns is the answer, None for the venue's own. With `hold`, an event, no request gets on.
    """

    def __init__(self, venue_url):
        self._venue = venue_url
        self.spoil = lambda request, reply: None
        self.hold = None
        self.seen = []

    async def _handle(self, request):
        self.seen.append((request.method, request.path))
        if "upgrade" in request.headers.get("Connection", "").lower():
            return self.spoil(request, None) or web.Response(status=503)
        if self.hold is not None:
            await self.hold.wait()
        instead = self.spoil(request, None)
        if instead is not None:
            return instead
        body = await request.read()
        kept = {
            name: text
            for name, text in request.headers.items()
            if name.lower() not in ("host", "content-length", "accept-encoding")
        }
        url = URL(f"{self._venue}{request.raw_path}", encoded=True)
        async with self._session.request(
            request.method, url, data=body or None, headers=kept
        ) as reply:
            answer = web.Response(
                status=reply.status,
                body=await reply.read(),
                content_type=reply.content_type,
            )
        return self.spoil(request, answer) or answer

    @asynccontextmanager
    async def serving(self):
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            async with aiohttp.ClientSession() as self._session:
                yield self
        finally:
            await runner.cleanup()
