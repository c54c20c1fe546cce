"""The command ``login``: signs in to an account with OAuth, in a browser or with a device code."""

from __future__ import annotations

import os
import sys
import webbrowser
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Final

import anyio
import click

from dragoman.core.context.instrumentation import naming_account
from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.core.safe_text import join, safe, sentence, unquoted
from dragoman.providers.base.account_settings import AccountSettings
from dragoman.transport.oauth.client import OAuthClient
from dragoman.transport.oauth.device_login import DeviceCode
from dragoman.transport.oauth.login import SignedIn, sign_in
from dragoman_server.config.load import Config

_LONGEST_ADDRESS: Final = 2_000
_LEAVE: Final = "Waiting until you have signed in there; Ctrl-C leaves."


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOptions:
    """How somebody wants to sign in.

    Attributes:
        device: With a device code, where the server gives one; ``None`` where no browser can be opened here.
        port: Where the browser is sent back to; 0 takes a free port.
        browser: May a browser be opened.
    """

    device: bool | None = None
    port: int = 0
    browser: bool = True


def login(config: Config, account: str, options: LoginOptions) -> None:
    """Sign in to an account of the settings, and say how.

    Raises:
        DragomanError: There is no such sign-in, nobody is there, or it was refused.
    """
    if account not in config.accounts:
        raise NotFound(
            sentence("There is no account {!r}.", account),
            hint=sentence("Accounts: {}.", join(config.accounts) or safe("none")),
        )
    sign_in_to(account, config.accounts[account], options)


def sign_in_to(account: str, settings: AccountSettings, options: LoginOptions) -> None:
    """Sign in to one account, and say how; as :func:`login` does."""
    with naming_account(account):
        client = settings.oauth_client
    if client is None:
        raise InvalidArgument(
            sentence("The account {} does not sign in with OAuth.", account),
            hint="Its credential stands in the settings; `dragoman check` says whether it works.",
        )
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InvalidArgument(
            sentence("Signing in needs somebody at a terminal; run `dragoman login {}` in one.", unquoted(account))
        )
    asked = sentence("Signing in to {} for {}.", client.server.label, account)
    _tell(sentence("{} It asks for: {}.", asked, join(client.scopes)) if client.scopes else asked)
    _report(account, anyio.run(partial(_sign_in, client, options)))


async def _sign_in(client: OAuthClient, options: LoginOptions) -> SignedIn:
    opens = options.browser and _has_browser()
    device = options.device
    if device is None:
        device = not opens and bool(client.server.device_url)

    def show_address(address: str) -> None:
        _tell(f"Open this address in a browser of this machine:\n{address}")
        if opens:
            Thread(target=_open_browser, args=(address,), daemon=True).start()  # some wait for their browser's end
        elif "SSH_CONNECTION" in os.environ and not options.port:
            _tell("Your browser is elsewhere: `ssh -L 8765:127.0.0.1:8765` and --port 8765 bring its answer here.")
        _tell(_LEAVE)

    return await sign_in(client, show_address, _show_code, device=device, port=options.port)


def _show_code(code: DeviceCode) -> None:
    address, number = unquoted(code.address, _LONGEST_ADDRESS), unquoted(code.user_code)
    _tell(f"Open this address in any browser:\n{address}\nand type this code there: {number}")
    _tell(f"The code lives {max(1, round(code.lifetime / 60))} minutes. {_LEAVE}")


def _report(account: str, signed_in: SignedIn) -> None:
    _tell(sentence("{} is signed in; its tokens are in {}.", account, unquoted(str(signed_in.place), _LONGEST_ADDRESS)))
    if signed_in.missing:
        _tell(sentence("Not allowed there: {}. Sign in again and allow it.", join(signed_in.missing)))
    if not signed_in.lasts:
        _tell("The server gave no refresh token, so the sign-in ends soon. Ask for the scope offline_access.")


def _open_browser(address: str) -> None:
    with suppress(webbrowser.Error, OSError):  # the address stands there all the same
        webbrowser.open(address)


def _has_browser() -> bool:
    """Whether a browser can be opened where the user sees it."""
    # Editors with remote terminals name a program here that opens the user's own browser.
    if os.environ.get("BROWSER"):
        return True
    if "SSH_CONNECTION" in os.environ:
        return False
    # Without a display only a text browser is left, which would take over this terminal.
    return sys.platform in {"win32", "darwin"} or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())


def _tell(text: str) -> None:
    click.echo(text, err=True)
