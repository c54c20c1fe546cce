"""Which folders of a mailbox are which."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from dragoman.core.errors import NotFound
from dragoman.core.safe_text import sentence

if TYPE_CHECKING:
    from dragoman.providers.mail.folder_state import FolderEntry
    from dragoman.providers.mail.imap_arguments import SearchKey
    from dragoman.providers.mail.imap_session import ImapSession
    from dragoman.providers.mail.settings import MailSettings

INBOX: Final = "INBOX"
ALL: Final = "\\all"
SENT: Final = "\\sent"
ARCHIVE: Final = "\\archive"
DRAFTS: Final = "\\drafts"
JUNK: Final = "\\junk"
TRASH: Final = "\\trash"

STATUS: Final[Mapping[str, str]] = {JUNK: "spam", TRASH: "trash", DRAFTS: "draft"}
"""What a mail is that is only in such a folder."""

T = TypeVar("T")

_ROLES: Final = (ALL, SENT, ARCHIVE, DRAFTS, JUNK, TRASH)
# Not every server names roles (SPECIAL-USE, RFC 6154). There the names count that mail programs give.
_NAMES: Final[Mapping[str, str]] = {
    SENT: "sent|sent items|sent messages|sent mail|gesendet|gesendete objekte|gesendete elemente|éléments envoyés"
    "|messages envoyés|envoyés|enviados|elementos enviados|itens enviados|posta inviata|inviati|verzonden"
    "|verzonden items|wysłane|elementy wysłane|skickat|skickade objekt|sendt|sendte elementer|lähetetyt|odeslané"
    "|отправленные|надіслані|送信済み|送信済みメール|已发送|已发送邮件|寄件備份|보낸 편지함",
    ARCHIVE: "archive|archives|archiv|archivio|archivo|arquivo|archief|archiwum|arkiv|архив|アーカイブ|存档|归档",
    DRAFTS: "drafts|draft|entwürfe|brouillons|borradores|rascunhos|bozze|concepten|kopie robocze|utkast|kladder"
    "|luonnokset|koncepty|черновики|чернетки|下書き|草稿|草稿箱|임시보관함",
    JUNK: "junk|spam|junk e-mail|junk email|bulk mail|junk-e-mail|spamverdacht|courrier indésirable|correo no deseado"
    "|lixo eletrônico|posta indesiderata|ongewenste e-mail|wiadomości-śmieci|skräppost|søppelpost|спам|迷惑メール"
    "|垃圾邮件|스팸편지함",
    TRASH: "trash|deleted items|deleted messages|deleted|papierkorb|gelöscht|gelöschte objekte|gelöschte elemente"
    "|corbeille|éléments supprimés|papelera|elementos eliminados|lixeira|itens excluídos|cestino|posta eliminata"
    "|prullenbak|verwijderde items|kosz|elementy usunięte|papperskorg|borttaget|slettet|roskakori|koš"
    "|удаленные|корзина|кошик|ゴミ箱|已删除|已删除邮件|휴지통",
}


class FolderGoneError(NotFound):
    """A folder of the mailbox is not there, or not any more."""


async def despite_gone_folders(read: Callable[[], Awaitable[T]]) -> T:
    """What a reading gives. It is repeated once when a folder has gone, with the folders that are there then."""
    try:
        return await read()
    except FolderGoneError:
        return await read()


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of a mailbox.

    Attributes:
        read: Those whose mails are shown.
        roles: Names of special folders by role.
        all: Names of all folders that can be opened.
        separator: Stands between a folder and the folders in it.
    """

    read: tuple[str, ...]
    roles: Mapping[str, str] = field(default_factory=dict[str, str])
    all: frozenset[str] = frozenset()
    separator: str = "/"

    def role_of(self, folder: str) -> str:
        """The role of a folder; empty when it has none."""
        return next((role for role, name in self.roles.items() if name == folder), "")

    def status_of(self, folder: str) -> str | None:
        """The status of a mail that is in this folder."""
        return STATUS.get(self.role_of(folder))

    def is_unfinished(self, folder: str, flags: Collection[str]) -> bool:
        """Whether a mail is a draft in a folder that holds all mails. Drafts elsewhere have a folder of their own."""
        return "\\Draft" in flags and self.role_of(folder) == ALL

    def finished_keys(self, folder: str) -> list[SearchKey]:
        """What a search leaves drafts out with, where others would find them."""
        return ["UNDRAFT"] if self.role_of(folder) == ALL else []

    @property
    def hidden(self) -> tuple[str, ...]:
        """Folders whose mails are shown only to who asks for them: drafts, spam, trash."""
        return tuple(self.roles[role] for role in STATUS if role in self.roles and self.roles[role] not in self.read)


def load_folders(session: ImapSession, settings: MailSettings) -> Folders:
    """The folders, as the server tells them.

    Raises:
        NotFound: A folder of the settings is not there.
    """
    # A folder with \Noselect is only a level above others, and opening it fails (RFC 3501, 7.2.2).
    entries = [one for one in session.folders() if "\\noselect" not in one.flags and "\\nonexistent" not in one.flags]
    names = frozenset(one.name for one in entries)
    roles = _roles(entries)
    separator = next((one.separator for one in entries), "/")
    wanted = _named(settings.folders, names) if settings.folders else _usual(roles, names)
    imported = [name for name in names if name == settings.import_to and name not in wanted and ALL not in roles]
    return Folders((*wanted, *imported), roles, names, separator)


def _roles(entries: Iterable[FolderEntry]) -> dict[str, str]:
    """Special folders: those that the server calls so, else those with a usual name."""
    # The shortest name wins, so a folder of the mailbox itself wins over a namesake below another folder.
    every = sorted(entries, key=lambda one: (len(one.name), one.name))
    found: dict[str, str] = {role: one.name for role in _ROLES for one in reversed(every) if role in one.flags}
    for role, names in _NAMES.items():
        usual = names.split("|")
        named = [one for one in every if one.name.rpartition(one.separator)[2].lower() in usual]
        if role not in found and named:
            found[role] = named[0].name
    return found


def _usual(roles: Mapping[str, str], names: frozenset[str]) -> tuple[str, ...]:
    """The inbox, what was sent and the archive; where one folder has all mails, that one."""
    # Gmail's folder of all mails contains the inbox and what was sent. Reading those too would only repeat them.
    if ALL in roles:
        return (roles[ALL],)
    # INBOX is the one name that servers may write in any case (RFC 3501, 5.1).
    inbox = [name for name in names if name.upper() == INBOX]
    return (*inbox, *(roles[role] for role in (SENT, ARCHIVE) if role in roles))


def _named(wanted: Sequence[str], names: frozenset[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name in wanted:
        same = name if name in names else next((one for one in sorted(names) if one.lower() == name.lower()), None)
        if same is None:
            raise NotFound(sentence("There is no folder {!r}.", name), hint="Check `folders` of the account.")
        found.append(same)
    return tuple(dict.fromkeys(found))
