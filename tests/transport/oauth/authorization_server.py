"""A whole authorization server on a port of this machine: codes with PKCE, device codes, rotating refresh tokens."""

import base64
import json
import secrets
import threading
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from dragoman.core.errors import DragomanError

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class Refused(Exception):
    def __init__(self, code, description="", status=400):
        super().__init__(code)
        self.code, self.description, self.status = code, description, status


class AuthorizationServer:
    """What it gave, what it was asked, and how it is to misbehave.

    Attributes:
        scripted: Answers that the token endpoint gives first: ``(status, body, headers)``.
        rotates: Every renewal ends the refresh token that it used.
        lifetime: ``expires_in`` of access tokens.
        device_answers: Error codes that polling meets before it succeeds.
        redirect: Changes the parameters that a browser is sent back with.
    """

    def __init__(self):
        self.client_id, self.client_secret = "client-1", "client-secret-1"
        self.scripted, self.device_answers = [], []
        self.rotates, self.lifetime, self.granted = True, 3600, None
        self.forms, self.codes, self.refresh_tokens, self.access_tokens = [], {}, set(), []
        self.redirect = lambda parameters: parameters
        self.device_page, self.interval, self.device_life = None, 1, 600
        self.before_answer = lambda form: None
        self.issuer_in_metadata, self.metadata_more = None, {}
        self.lock = threading.Lock()

    @contextmanager
    def serve(self):
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def settings(self, **more):
        return {
            "authorize_url": f"{self.address}/authorize",
            "token_url": f"{self.address}/token",
            "device_url": f"{self.address}/device",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scopes": ["mail.read", "mail.send"],
        } | more

    def seed(self, token="refresh-token-of-before"):  # noqa: S107  # of no service
        """A refresh token that somebody got earlier."""
        self.refresh_tokens.add(token)
        return token

    def sign_in(self, address):
        """What a browser is sent back with, after somebody has agreed."""
        asked = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
        code = f"code-{secrets.token_hex(8)}"
        self.codes[code] = asked
        parameters = self.redirect({"code": code, "state": asked["state"]})
        return f"{asked['redirect_uri']}?{urlencode(parameters, doseq=True)}"

    def metadata(self):
        issuer = self.issuer_in_metadata or self.address
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "device_authorization_endpoint": f"{self.address}/device",
        } | self.metadata_more

    def answer(self, path, form):
        """Status, body and perhaps headers for a form."""
        if path == "/device":
            return 200, self.answer_device()
        with self.lock:
            self.forms.append(form)
            if self.scripted:
                return self.scripted.pop(0)
            try:
                answer = 200, self.answer_token(form)
            except Refused as refused:
                answer = refused.status, {"error": refused.code, "error_description": refused.description}
        self.before_answer(form)
        return answer

    def answer_device(self):
        page = self.device_page or f"{self.address}/activate"
        return {
            "device_code": "device-code-1", "user_code": "WDJB-MJHT", "verification_uri": page,
            "expires_in": self.device_life, "interval": self.interval,
        }  # fmt: skip

    def answer_token(self, form):
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            raise Refused("invalid_client", "this client is not known", 401)
        kind = form.get("grant_type")
        if kind == "authorization_code":
            asked = self.codes.pop(form.get("code"), None)
            proof = base64.urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
            if (
                asked is None
                or asked["redirect_uri"] != form.get("redirect_uri")
                or asked["code_challenge_method"] != "S256"
                or proof.decode() != asked["code_challenge"]
            ):
                raise Refused("invalid_grant", "this code is not known")
        elif kind == "refresh_token":
            if form.get("refresh_token") not in self.refresh_tokens:
                raise Refused("invalid_grant", "this token has been used up")
            if self.rotates:
                self.refresh_tokens.discard(form["refresh_token"])
        elif kind == DEVICE:
            if form.get("device_code") != "device-code-1":
                raise Refused("bad_verification_code")
            if self.device_answers:
                raise Refused(self.device_answers.pop(0))
        else:
            raise Refused("unsupported_grant_type")
        return self._issue(kind)

    def _issue(self, kind):
        access, refresh = f"access-{secrets.token_hex(8)}", f"refresh-{secrets.token_hex(8)}"
        self.access_tokens.append(access)
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": self.lifetime}
        if kind != "refresh_token" or self.rotates:
            self.refresh_tokens.add(refresh)
            answer["refresh_token"] = refresh
        if self.granted is not None:
            answer["scope"] = self.granted
        return answer


def _form_of(body):
    return {key: values[0] for key, values in parse_qs(body.decode(), keep_blank_values=True).items()}


def _handler_of(service):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if self.path.startswith("/.well-known/"):
                return self._say(200, service.metadata())
            if self.path.startswith("/authorize?"):
                return self._say(302, b"", {"location": service.sign_in(self.path)})
            return self._say(404, {"error": "not_found"})

        def do_POST(self):
            form = _form_of(self.rfile.read(int(self.headers["content-length"])))
            self._say(*service.answer(self.path, form))

        def _say(self, status, body, headers=None):
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            return

    return Handler


async def failing(signing, kind):
    """The error that a sign-in ends with, out of the group of its browser."""
    with pytest.raises((DragomanError, BaseExceptionGroup)) as caught:
        await signing
    error = caught.value
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert type(error) is kind
    assert "\n" not in str(error)
    return str(error)
