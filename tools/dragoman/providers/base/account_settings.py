"""The description of an account: capabilities, limits of its service, and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from dragoman.core.safe_text import SafeText
from dragoman.providers.base.sync_horizon import HORIZON, sync_since

if TYPE_CHECKING:
    from dragoman.store import Place
    from dragoman.transport.oauth.client import OAuthClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers of a service.

    Attributes:
        text_length: Longest text that can be sent, in characters; ``None`` when the service tells none.
        page_size: Most messages that one call of the service gives.
        edit_window: Seconds after sending during which a message can be changed; ``None`` is for ever.
        requests_per_second: What the service publishes as its rate limit.
        concurrency: Most calls under way at the same time.
    """

    text_length: int | None = None
    page_size: int = 200
    edit_window: float | None = None
    requests_per_second: float | None = None
    concurrency: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsAdvice:
    """Advice for a new account, once its required settings are known.

    Attributes:
        found: Values for other settings, to be confirmed.
        open: Settings for which nothing was found, and which have to be asked for.
        sentences: What somebody should know.
        credential: The credential to suggest; empty for the first one.
        oauth: The ready authorization server to suggest; empty for none.
    """

    found: Mapping[str, str] = field(default_factory=dict[str, str])
    open: tuple[str, ...] = ()
    sentences: tuple[SafeText, ...] = ()
    credential: str = ""
    oauth: str = ""


class AccountSettings(BaseModel):
    """The settings that every account has; a provider adds its own in a subclass.

    Unknown keys are errors, so a misspelt setting is never silently without effect.
    """

    # Errors never show what was given, which may be a credential in the wrong place.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    provider: str
    timeout: float = Field(default=30.0, gt=0, le=3600, description="seconds that one request may take")
    write: Literal["off", "confirm", "allow"] = Field(default="off", description="may messages be written here")
    write_to: tuple[str, ...] | None = Field(
        default=None, description="the only conversations that may be written to; absent means any, empty means none"
    )
    ask: Literal["client", "token"] | None = Field(
        default=None,
        description="how to confirm: the client asks its user, or a preview with a token; absent: what works",
    )
    remember: Literal["full", "numbers", "off"] = Field(
        default="full", description="what the store keeps of messages that were read"
    )
    keep: int | None = Field(
        default=None, ge=1, le=36_500, description="days after which texts of messages are dropped from the store"
    )
    sync: str | None = Field(
        default=None,
        description='keep the store current, as far back as "all", "90d", "12w", "6m" or "2y"; absent: ask the service',
    )
    live: bool = Field(default=False, description="always ask the service, also for what the store holds")
    sends_per_minute: int = Field(
        default=20, ge=1, le=100_000, description="most writes in a minute; not counted where nobody else takes part"
    )

    @field_validator("sync", mode="before")  # before, because `true` is often written, and has to learn the values
    @classmethod
    def _horizon(cls, value: object, info: ValidationInfo) -> object:
        if value is None:
            return None
        if not (isinstance(value, str) and HORIZON.fullmatch(value)):
            raise ValueError('must be "all", or how many days, weeks, months or years: a number and d, w, m or y')
        # `remember` stands above, so it has been checked before.
        if info.data.get("remember", "full") != "full":
            raise ValueError('needs remember = "full"')
        return value

    def sync_since(self, now: datetime) -> datetime | None:
        """From when on the store is kept complete; ``None`` where it is not kept so.

        Args:
            now: The present time, with a zone.
        """
        return None if self.sync is None else sync_since(self.sync, self.keep, now)

    def in_store(self, store: Place) -> Self:
        """The same settings, for an account that keeps messages in the store where this is the store."""
        del store
        return self

    @property
    def personal(self) -> bool:
        """Whether the account shows different data to each person who is signed in."""
        return False

    @property
    def oauth_client(self) -> OAuthClient | None:
        """The OAuth client of `dragoman login`; ``None`` where there is no such sign-in."""
        return None
