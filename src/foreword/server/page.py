"""Serve the page at `/` and its files from the package. Knows no models."""

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from foreword.server.page_files import FILES, POLICY

HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",  # no embedding in frames
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Requested each time, and answered with 304 if it has not changed.
    "Cache-Control": "no-cache",
}


class Page(StaticFiles):
    """The files, with headers that forbid a browser to contact other servers."""

    def __init__(self) -> None:
        """Set the folder of the files."""
        super().__init__(directory=FILES, html=True, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a path that is not an endpoint."""
        if scope["type"] != "http" or not FILES.is_dir():
            raise HTTPException(404)
        await super().__call__(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, or 304."""
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response
