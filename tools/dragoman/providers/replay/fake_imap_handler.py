"""What the small mail server of demonstrations answers: as much of IMAP as reading, changing and sending need."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from socketserver import StreamRequestHandler
from threading import Lock
from typing import Final, Protocol, cast

from dragoman.providers.replay.fake_mail_parts import parse_arguments, section_of, structure_of
from dragoman.providers.replay.fake_mail_store import Argument, StoredFolder, StoredMail, parse_ranges

_SECTION: Final = re.compile(rb"BODY(?:\.PEEK)?\[(.*?)\](?:<(\d+)\.(\d+)>)?$", re.IGNORECASE)
_LITERAL: Final = re.compile(rb"\{(\d+)(\+?)\}\r?\n$")


class MailServer(Protocol):
    """What a connection needs of its server."""

    user: str
    password: str
    capabilities: str
    folders: dict[str, StoredFolder]
    commands: list[bytes]
    fault: Callable[[bytes], bytes | None] | None
    dialect: Callable[[bytes], bytes]
    lock: Lock
    validities: Iterator[int]


class ImapHandler(StreamRequestHandler):
    """One connection to the small mail server."""

    disable_nagle_algorithm = True
    server: MailServer  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]  # only that one makes it

    def handle(self) -> None:
        """Answer until the client leaves."""
        self._folder: StoredFolder | None = None
        self._can_write, self._told = False, 0
        self._say(f"* OK [CAPABILITY {self.server.capabilities}] ready")
        while (line := self._read_command()) is not None:
            tag, _, rest = line.partition(b" ")
            self.server.commands.append(rest.split(b"\x00", 1)[0])
            fault = self.server.fault
            instead = fault(rest) if fault is not None else b""
            if instead is None:
                return
            if instead:
                self._say(instead.replace(b"<tag>", tag))
                continue
            with self.server.lock:
                answer = self._answer(rest)
            self._say(tag + b" " + answer)
            if rest.upper().startswith(b"LOGOUT"):
                return

    def _read_command(self) -> bytes | None:
        """A line and what its literals hold, which stand behind their sizes."""
        command = b""
        while True:
            line = self.rfile.readline()
            if not line.endswith(b"\n"):
                return None
            command += line
            literal = _LITERAL.search(line)
            if literal is None:
                return command.rstrip(b"\r\n")
            # A literal with a plus is not waited for (RFC 7888).
            if not literal[2]:
                self._say("+ go on")
            command += self.rfile.read(int(literal[1]))

    def _say(self, line: str | bytes) -> None:
        self.wfile.write(self.server.dialect(line.encode() if isinstance(line, str) else line) + b"\r\n")

    def _answer(self, rest: bytes) -> bytes:
        arguments = parse_arguments(rest)
        name = _text(arguments.pop(0)).lower()
        if name == "uid":
            name = f"uid_{_text(arguments.pop(0)).lower()}"
        method: Callable[[list[Argument]], str] | None = getattr(self, f"_do_{name}", None)
        if method is None:
            return b"BAD unknown command"
        try:
            return method(arguments).encode()
        except (ValueError, IndexError, KeyError):
            return b"BAD wrong arguments"

    def _do_capability(self, _: list[Argument]) -> str:
        self._say(f"* CAPABILITY {self.server.capabilities}")
        return "OK done"

    def _do_noop(self, _: list[Argument]) -> str:
        if self._folder is not None and self._folder.changes != self._told:
            self._told = self._folder.changes
            self._say(f"* {len(self._folder.mails)} EXISTS")
        return "OK done"

    _do_subscribe = _do_id = _do_logout = _do_noop

    def _do_login(self, arguments: list[Argument]) -> str:
        return self._sign_in(_text(arguments[0]), _text(arguments[1]))

    def _do_authenticate(self, _arguments: list[Argument]) -> str:
        self._say("+ ")
        said = b64decode(self.rfile.readline()).decode()
        if said.startswith("user="):  # a token, in the way of XOAUTH2
            user, _, token = said.removeprefix("user=").partition("\x01auth=Bearer ")
            return self._sign_in(user, token.rstrip("\x01"))
        _, user, password = said.split("\0")
        return self._sign_in(user, password)

    def _sign_in(self, user: str, password: str) -> str:
        good = (user, password) == (self.server.user, self.server.password)
        return "OK signed in" if good else "NO [AUTHENTICATIONFAILED] wrong"

    def _do_list(self, _: list[Argument]) -> str:
        for folder in self.server.folders.values():
            self._say(f'* LIST ({folder.role}) "/" "{folder.name}"')
        return "OK done"

    def _do_status(self, arguments: list[Argument]) -> str:
        found = self.server.folders.get(_text(arguments[0]))
        if found is None:
            return "NO [NONEXISTENT] no such folder"
        counts = f"UIDVALIDITY {found.validity} UIDNEXT {found.next_uid} MESSAGES {len(found.mails)}"
        self._say(f'* STATUS "{found.name}" ({counts} HIGHESTMODSEQ {found.changes})')
        return "OK done"

    def _do_create(self, arguments: list[Argument]) -> str:
        name = _text(arguments[0])
        if name in self.server.folders:
            return "NO [ALREADYEXISTS] it is there"
        self.server.folders[name] = StoredFolder(name, validity=next(self.server.validities))
        return "OK done"

    def _do_select(self, arguments: list[Argument]) -> str:
        found = self.server.folders.get(_text(arguments[0]))
        if found is None:
            return "NO [NONEXISTENT] no such folder"
        self._folder, self._can_write, self._told = found, True, found.changes
        for line in (
            f"{len(found.mails)} EXISTS", "0 RECENT", "FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)",
            "OK [PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft \\*)] yes",
            f"OK [UIDVALIDITY {found.validity}] yes", f"OK [UIDNEXT {found.next_uid}] yes",
            f"OK [HIGHESTMODSEQ {found.changes}] yes",
        ):  # fmt: skip
            self._say(f"* {line}")
        return "OK [READ-WRITE] open"

    def _do_examine(self, arguments: list[Argument]) -> str:
        if self._folder is not None and len(arguments) > 1:
            # Tells a client of QRESYNC from where on answers are about the new folder (RFC 7162, 3.2.11).
            self._say("* OK [CLOSED] the folder before")
        answer = self._do_select(arguments)
        self._can_write = False
        if answer.startswith("OK") and len(arguments) > 1:
            self._tell_since(cast("list[list[Argument]]", arguments[1])[1])
        return answer.replace("READ-WRITE", "READ-ONLY")

    def _tell_since(self, known: list[Argument]) -> None:
        """What QRESYNC tells of known messages, also of such as have not changed since."""
        if int(_text(known[0])) != self._open.validity:
            return
        uids = {uid for low, high in parse_ranges(_text(known[2])) for uid in range(low, high + 1)}
        if gone := sorted(uids - self._open.mails.keys()):
            self._say(f"* VANISHED (EARLIER) {','.join(map(str, gone))}")
        for place, (uid, mail) in enumerate(sorted(self._open.mails.items()), 1):
            if uid in uids:
                self._say(f"* {place} FETCH (UID {uid} FLAGS ({' '.join(sorted(mail.flags))}) MODSEQ (1))")

    def _do_enable(self, arguments: list[Argument]) -> str:
        offered = self.server.capabilities.split()
        self._say(" ".join(["* ENABLED", *(name for one in arguments if (name := _text(one)) in offered)]))
        return "OK done"

    @property
    def _open(self) -> StoredFolder:
        if self._folder is None:
            raise ValueError("no folder is open")
        return self._folder

    def _do_uid_search(self, arguments: list[Argument]) -> str:
        if arguments[0] == b"CHARSET":
            del arguments[:2]
        self._say(" ".join(["* SEARCH", *map(str, self._open.search(arguments))]))
        return "OK done"

    def _do_uid_fetch(self, arguments: list[Argument]) -> str:
        items = arguments[1] if isinstance(arguments[1], list) else [arguments[1]]
        for place, mail in enumerate(sorted(self._open.mails.values(), key=lambda one: one.uid), 1):
            if any(low <= mail.uid <= high for low, high in parse_ranges(_text(arguments[0]))):
                facts = b" ".join(self._fact(mail, cast("bytes", item).upper()) for item in items)
                self._say(b"* %d FETCH (UID %d %s)" % (place, mail.uid, facts))
        return "OK done"

    def _fact(self, mail: StoredMail, item: bytes) -> bytes:
        if item == b"UID":
            return b"UID %d" % mail.uid
        if item == b"FLAGS":
            return b"FLAGS (%s)" % " ".join(sorted(mail.flags)).encode()
        if item == b"INTERNALDATE":
            return b'INTERNALDATE "%s"' % mail.arrived_at.strftime("%d-%b-%Y %H:%M:%S +0000").encode()
        if item == b"RFC822.SIZE":
            return b"RFC822.SIZE %d" % len(mail.data)
        if item == b"BODYSTRUCTURE":
            return b"BODYSTRUCTURE " + structure_of(mail.parsed)
        told = mail.facts.get(item.decode())
        return self._section(mail, item) if told is None else b"%s %s" % (item, told.encode())

    def _section(self, mail: StoredMail, item: bytes) -> bytes:
        found = _SECTION.match(item)
        if found is None:
            raise ValueError("unknown item")
        if b".PEEK" not in item and self._can_write:
            mail.flags.add("\\Seen")
        data, name = section_of(mail, found[1].decode()), b"BODY[%s]" % found[1]
        if found[2]:
            data = data[int(found[2]) :][: int(found[3])]
            name += b"<%s>" % found[2]
        return b"%s {%d}\r\n%s" % (name, len(data), data)

    def _do_uid_store(self, arguments: list[Argument]) -> str:
        sign, flags = _text(arguments[1])[0], {_text(one) for one in cast("list[Argument]", arguments[2])}
        for mail in self._chosen(arguments[0]):
            if b"X-GM-LABELS" in arguments[1]:
                labels = {_text(one) for one in cast("list[list[Argument]]", parse_arguments(_labels_of(mail)))[0]}
                labels = labels | flags if sign == "+" else labels - flags
                mail.facts["X-GM-LABELS"] = f"({' '.join(sorted(map(_quoted, labels)))})"
                continue
            mail.flags = mail.flags | flags if sign == "+" else mail.flags - flags
        self._open.changes += 1
        return "OK done"

    def _do_uid_expunge(self, arguments: list[Argument]) -> str:
        for mail in self._chosen(arguments[0]):
            if "\\Deleted" in mail.flags:
                del self._open.mails[mail.uid]
        self._open.changes += 1
        return "OK done"

    def _do_uid_move(self, arguments: list[Argument]) -> str:
        moved = self._chosen(arguments[0])
        answer = self._do_uid_copy(arguments)
        if answer.startswith("OK"):
            for mail in moved:
                del self._open.mails[mail.uid]
            self._open.changes += 1
        return answer

    def _do_uid_copy(self, arguments: list[Argument]) -> str:
        target = self.server.folders.get(_text(arguments[1]))
        if target is None:
            return "NO [TRYCREATE] no such folder"
        for mail in self._chosen(arguments[0]):
            target.add(mail.data, tuple(mail.flags), mail.arrived_at, mail.facts)
        return "OK done"

    def _do_append(self, arguments: list[Argument]) -> str:
        folder = self.server.folders.get(_text(arguments[0]))
        if folder is None:
            return "NO [TRYCREATE] no such folder"
        flags = [_text(one) for one in arguments[1]] if isinstance(arguments[1], list) else []
        at = datetime.now(UTC)
        if len(arguments) == 4:  # noqa: PLR2004 - with a time
            at = datetime.strptime(_text(arguments[2]).strip(), "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)
        uid = folder.add(cast("bytes", arguments[-1]), flags, at)
        return f"OK [APPENDUID {folder.validity} {uid}] done"

    def _chosen(self, uids: Argument) -> list[StoredMail]:
        if not self._can_write:
            raise ValueError("the folder is open for reading")
        ranges = list(parse_ranges(_text(uids)))
        return [one for one in list(self._open.mails.values()) if any(low <= one.uid <= high for low, high in ranges)]


def _labels_of(mail: StoredMail) -> bytes:
    return mail.facts.get("X-GM-LABELS", "()").encode()


def _quoted(label: str) -> str:
    return '"' + label.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(argument: Argument | Sequence[int]) -> str:
    if not isinstance(argument, bytes):
        raise ValueError("a word was wanted")  # noqa: TRY004 - it is the client that is wrong
    return argument.decode("utf-8")
