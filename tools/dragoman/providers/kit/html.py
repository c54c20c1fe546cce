"""HTML to plain text and back, for services whose messages are HTML."""

from dragoman.core.html_text import LONGEST, to_html, to_text

__all__ = ["LONGEST", "to_html", "to_text"]
