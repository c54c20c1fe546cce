"""Mail: any mailbox, read over IMAP."""

from __future__ import annotations

from typing import ClassVar

from dragoman.providers.base.provider import AccountSettings, Limits, Provider
from dragoman.providers.mail.settings import MailSettings

__all__ = ["MailProvider", "MailSettings"]


class MailProvider(Provider):
    """One mailbox."""

    name: ClassVar[str] = "mail"
    about: ClassVar[str] = "e-mail inbox, sent mail and archive"
    service_name: ClassVar[str] = "e-mail"
    Settings: ClassVar[type[AccountSettings]] = MailSettings
    limits: ClassVar[Limits] = Limits(page_size=50, edit_window=0, requests_per_second=5, concurrency=2)
