"""HTTP/1.1 and nothing else: a client that offers to go on in another protocol is served in this one.

Java's own client offers HTTP/2 in its first request, and its body follows at once. A server may ignore the offer
(RFC 9110, section 7.8); the parser would stop at it.
"""

from __future__ import annotations

from typing import Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_OFFER: Final = frozenset({b"upgrade", b"connection", b"http2-settings"})


class Http11Protocol(HttpToolsProtocol):
    """One connection."""

    def feed(self, data: bytes) -> None:
        """Parse bytes; what is no HTTP is refused."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._take_without_offer(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("This is no HTTP request.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; white space behind its value is no part of it (RFC 9110, section 5.5)."""
        super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        """Begin to answer, unless the request is to be taken apart once more."""
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass the body on."""
        if not self.parser.should_upgrade():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _take_without_offer(self, rest: bytes) -> None:
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            self.send_400_response("This is no proxy.")
            return
        kept = [b"%s: %s\r\n" % header for header in self.headers if header[0] not in _OFFER]
        if not self.parser.should_keep_alive():
            kept.append(b"connection: close\r\n")
        self.parser = httptools.HttpRequestParser(self)
        self.feed(b"".join([method, b" ", self.url, b" HTTP/", version, b"\r\n", *kept, b"\r\n", rest]))
