"""The inspection as one page: a file that needs no network, no server and no other file."""

from foreword.inspect.page.file import html, notebook

__all__ = ["html", "notebook"]
