"""The files of the page to type in, and which addresses it may contact. Knows no server."""

from pathlib import Path

FILES = Path(__file__).parent / "page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
"""The content security policy: only files of the page's own server, no data to other servers."""
