"""The settings of a mailbox."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from dragoman.providers.base.provider import AccountSettings
from dragoman.transport.credentials import Secret
from dragoman.transport.oauth.settings import OAuthSettings
from dragoman.transport.url import is_loopback

if TYPE_CHECKING:
    from dragoman.transport.oauth.client import OAuthClient

CREDENTIALS: Final = ("password", "token", "oauth")
# The longest local part and domain that servers have to take (RFC 5321, 4.5.3.1).
_ADDRESS: Final = re.compile(r"[^\s@<>\x00-\x1f\x7f]{1,64}@[^\s@<>\x00-\x1f\x7f]{1,255}")
_SERVER: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]@\x00-\x1f\x7f]+):[0-9]{1,5}")
_LAST_PORT: Final = 65_535
_SCOPES: Final[dict[str, tuple[str, ...]]] = {
    # Google has no narrower scope for IMAP and SMTP.
    "google": ("https://mail.google.com/",),
    "microsoft": (
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "https://outlook.office.com/SMTP.Send",
        # Without this one Microsoft gives no refresh token.
        "offline_access",
    ),
}


Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_PLAIN_ADDRESS: Final = {"plain": r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,200}"}
_PLAIN_SERVER: Final = {"plain": r"[A-Za-z0-9.-]{1,200}:[1-9][0-9]{0,3}"}
_PLAIN_WORDS: Final = {"plain": r"[!-~][ -~]{0,98}[!-~]"}


class MailSettings(AccountSettings):
    """A mailbox: whose it is, where it is, and one way to sign in."""

    provider: str = "mail"
    address: Word = Field(description="mail address of the mailbox", json_schema_extra={**_PLAIN_ADDRESS})
    name: str = Field(
        default="", description="name of its owner, as recipients see it", json_schema_extra={**_PLAIN_WORDS}
    )
    aliases: tuple[Word, ...] = Field(
        default=(), description="further addresses of the owner", json_schema_extra={**_PLAIN_ADDRESS}
    )
    imap: Word | None = Field(
        default=None,
        description="host:port to read from; absent: found from the address",
        json_schema_extra={**_PLAIN_SERVER},
    )
    smtp: Word | None = Field(
        default=None,
        description="host:port to send through; absent: found from the address",
        json_schema_extra={**_PLAIN_SERVER},
    )
    tls: Literal["tls", "starttls", "off"] | None = Field(
        default=None, description="how connections are encrypted; absent: as the port says; off only on this machine"
    )
    user: Word | None = Field(
        default=None, description="name to sign in with; absent: the address", json_schema_extra={**_PLAIN_WORDS}
    )
    password: Secret | None = Field(
        default=None,
        description="password of the mailbox",
        json_schema_extra={"where": "Gmail, iCloud, Yahoo and Fastmail want an app password, made in their settings."},
    )
    token: Secret | None = Field(default=None, description="OAuth access token, best from a command")
    oauth: OAuthSettings | None = Field(
        default=None,
        description="sign in with OAuth: `google`, `microsoft`, or a table; then `dragoman login`",
        json_schema_extra={"sign_in": True},
    )
    folders: tuple[Word, ...] = Field(
        default=(),
        description="folders to read; absent: the inbox, what was sent, the archive",
        json_schema_extra={**_PLAIN_WORDS},
    )
    import_to: Word = Field(
        default="Imported",
        description="folder that imported messages go to",
        json_schema_extra={**_PLAIN_WORDS, "later": True},
    )
    sent_by_server: bool | None = Field(
        default=None, description="does the server itself keep what is sent; absent: known of large hosts"
    )
    signature: str = Field(default="", description="text that ends each message that is sent")
    html: Literal["auto", "never"] = Field(
        default="auto",
        description="send texts that use Markdown as HTML too, or never",
        json_schema_extra={"later": True},
    )
    quote: Literal["none", "top"] = Field(
        default="none",
        description="top: an answer stands above the text of the mail that it answers",
        json_schema_extra={"later": True},
    )
    ca_file: Path | None = Field(default=None, description="PEM file of the authorities to trust instead of the usual")

    @field_validator("address", "aliases")
    @classmethod
    def _usable_addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for one in (value,) if isinstance(value, str) else value:
            if not _ADDRESS.fullmatch(one):
                raise PydanticCustomError("mail_address", "this is no mail address such as ann@example.org")
        return value

    @field_validator("imap", "smtp")
    @classmethod
    def _usable_server(cls, value: str | None) -> str | None:
        if value is not None and not (_SERVER.fullmatch(value) and 0 < host_and_port(value)[1] <= _LAST_PORT):
            raise PydanticCustomError("mail_server", "a server is written as host:port, such as mail.example.org:993")
        return value

    @field_validator("name", "user", "folders", "import_to")
    @classmethod
    def _one_line(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        for one in (value or "",) if not isinstance(value, tuple) else value:
            if not one.isprintable():
                raise PydanticCustomError("one_line", "it has several lines or control characters")
        return value

    @field_validator("tls")
    @classmethod
    def _plain_only_here(cls, value: str | None, info: ValidationInfo) -> str | None:
        servers = [server for key in ("imap", "smtp") if (server := info.data.get(key)) is not None]
        # Without TLS everybody on the way could read the password.
        if value == "off" and not (servers and all(is_loopback(host_and_port(one)[0]) for one in servers)):
            raise PydanticCustomError("plain", "it can be off only where imap and smtp are on this machine")
        return value

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if self.oauth is not None and not self.oauth.client_id:
            raise PydanticCustomError("client_id", "oauth needs the client_id of a client that you registered")
        if len(self.given_credentials()) != 1:
            raise PydanticCustomError("one_credential", "exactly one of password, token and oauth has to be given")
        return self

    def given_credentials(self) -> list[str]:
        """The keys of the credentials that are there."""
        return [key for key in CREDENTIALS if getattr(self, key) is not None]

    @property
    def oauth_client(self) -> OAuthClient | None:
        """What signs in with OAuth, with the scopes for reading and sending."""
        if self.oauth is None:
            return None
        own_authorities = self.ca_file if self.oauth.provider is None else None
        return self.oauth.client(scopes=_SCOPES, user=self.user or self.address, ca_file=own_authorities)

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """Every address of the owner, the main one first."""
        return (self.address, *self.aliases)


def host_and_port(server: str) -> tuple[str, int]:
    """The two parts of ``host:port``."""
    host, _, port = server.rpartition(":")
    return host.strip("[]"), int(port)
