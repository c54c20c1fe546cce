"""What has to hold of every call and of the world after it, judged by what the service really received."""

import re

from writing_call import Doing
from writing_service import ACCOUNTS, PACE
from writing_world import World

from dragoman.core.errors import OutcomeUnknown

OTHERWISE = re.compile("The service (cut the text|stored (other|another))")
REPEATED = re.compile("because (the same text|an earlier call was cut off)")
TOKEN = re.compile(r"confirm=(\w+)")
SOON, DAY, GOOD = 60.0, 24 * 3600.0, 600.0


class Laws:
    """Judges a world step by step."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tokens: dict[str, tuple[Doing, float]] = {}
        self.used: set[str] = set()
        self.audited: list[tuple[object, ...]] = []
        self.judged = 0

    async def judge(self) -> None:
        """Everything, after each step of a history."""
        store = await self.world.processes[0].services.workspace.store()
        lines = [tuple(line) for line in await _audit(store)]
        new = self.world.calls[self.judged :]
        assert lines[: len(self.audited)] == self.audited, "the audit log only grows"
        fresh = lines[len(self.audited) :]
        for doing in new:
            self._delivered_as_it_may_be(doing)
            self._true(doing)
            if not doing.dead and not doing.cancelled and doing.tool != "list_messages":
                assert any(line[:2] == (doing.account, doing.room) for line in fresh), "every attempt is on record"
        for doing in new:
            self._note_token(doing)
        self._all_accounted_for(lines, await store.writes.pending())
        self._paced()
        self.audited, self.judged = lines, len(self.world.calls)

    # what may be delivered

    def _delivered_as_it_may_be(self, doing: Doing) -> None:
        assert len(doing.received) <= 1, "a call writes once"
        if not doing.received and doing.entry is None:
            return
        policy = ACCOUNTS[doing.account]
        assert policy["write"] != "off", "nothing goes out of an account that is off"
        assert doing.room in policy.get("write_to", (doing.room,)), "nothing goes where write_to does not lead"
        assert doing.entry is not None, "what is sent is noted before"
        agreed = self._agreed_to(doing)
        if policy["write"] == "confirm" or self._has_read_elsewhere(doing):
            assert agreed, "nothing is sent unasked where somebody is to be asked"
        self._as_it_was_said(doing)
        if self._in_the_way(doing):
            assert any(REPEATED.search(text) for text in agreed), "nothing is sent again unasked"

    def _as_it_was_said(self, doing: Doing) -> None:
        """Only the message that was meant is changed, and every text is the one that was given, whole or cut."""
        wanted = doing.arguments["text"]
        for one in self.world.service.texts:
            if one.by is doing:
                assert one.text == (wanted[: len(wanted) // 2] if "cut" in doing.fault else wanted)
                assert not doing.changes or doing.arguments["message"] == f"{doing.place}/{one.message}"

    def _agreed_to(self, doing: Doing) -> list[str]:
        """The texts of questions and previews that count for this call."""
        agreed = list(doing.agreed_to)
        token = doing.arguments.get("confirm")
        if token in self.tokens and token not in self.used:
            shown, at = self.tokens[token]
            if shown.content == doing.content:
                assert doing.began_at < at + GOOD, "a token is good for ten minutes"
                agreed.append(shown.text or "")
                self.used.add(token)
        return agreed

    def _has_read_elsewhere(self, doing: Doing) -> bool:
        here = (doing.principal, doing.account, doing.room)
        fresh = [one for one, when in doing.shown.items() if self.world.clock.now - when < DAY]
        return any(one[0] == doing.principal and one != here for one in fresh)

    def _in_the_way(self, doing: Doing) -> bool:
        """Is there an earlier attempt of the same that was made, or may have been."""
        begun = self.world.begun
        earlier = begun[: begun.index(doing)] if doing in begun else begun
        standing: dict[int, list[Doing]] = {}
        for one in earlier:
            if _same(one, doing) and one.entry is not None:
                standing.setdefault(one.entry, []).append(one)
        return any(self._stands(entry, attempts, doing) for entry, attempts in standing.items())

    def _stands(self, entry: int, attempts: list[Doing], doing: Doing) -> bool:
        if all(one.refused for one in attempts):
            return False
        done = self.world.done.get(entry)
        if doing.changes and done is not None and done.begun <= self.world.begun.index(doing):
            return False  # what was made, and is known to have been, may be made again: it leaves nothing twice
        if not doing.changes and done is not None and (doing.entry != entry or done.at < doing.begun_at):
            assert doing.key is None, "what was written under a key is never written again"
            arrived = self.world.delivered.get(entry)
            is_known = arrived is not None and arrived <= self.world.begun.index(doing)
            return doing.begun_at < done.at + (SOON if is_known else DAY)
        return True  # nobody knows whether it was made, until somebody settles it

    # what is said

    def _true(self, doing: Doing) -> None:
        if doing.dead or doing.cancelled or doing.unheard or doing.tool == "list_messages":
            return
        said = doing.text if doing.error is None else str(doing.error)
        assert said is not None
        if doing.error is not None:
            self._refusal_is_true(doing, said)
        elif re.search("Nothing was (sent|imported|changed) yet", said):
            assert not doing.received, "a preview writes nothing"
        elif doing.received:
            assert doing.fault in ("", "cut"), said
            wanted, stored = doing.arguments["text"], self._stored(doing)
            assert bool(OTHERWISE.search(said)) in {text != wanted for text in stored}, said
        else:
            assert "again" in said or doing.key is not None, said
            assert self._is_there(doing), f"it says that it was written: {said}"

    def _stored(self, doing: Doing) -> list[str]:
        """What the service may have had when the message was read back: the text of this call, or of one that raced."""
        (identifier,) = doing.received
        texts = self.world.service.texts_of(identifier)
        own = next((number for number, one in enumerate(texts) if one.by is doing), None)
        assert own is not None, "what is acknowledged is there"
        return [one.text for one in texts[own:]]

    def _refusal_is_true(self, doing: Doing, said: str) -> None:
        if re.search(r"othing was (sent|imported|changed)|wrote nothing", said):
            assert not doing.received, f"it was sent, but: {said}"
        else:
            assert isinstance(doing.error, OutcomeUnknown), said
        if doing.entry is not None and not doing.refused:
            assert isinstance(doing.error, OutcomeUnknown), said

    def _is_there(self, doing: Doing) -> bool:
        if doing.changes:
            texts = self.world.service.texts_of(doing.arguments["message"].rpartition("/")[2])
            return doing.arguments["text"] in [one.text for one in (texts if doing.turns else texts[-1:])]
        return any(by is not None and by.content == doing.content for _, by in self.world.service.written)

    def _note_token(self, doing: Doing) -> None:
        found = TOKEN.search((doing.text or "").split("\n")[0])
        if found and doing.error is None:
            assert found[1] not in self.tokens, "no token is given twice"
            self.tokens[found[1]] = (doing, self.world.clock.now)

    # what is on record

    def _all_accounted_for(self, lines: list[tuple[object, ...]], pending: list[object]) -> None:
        settled = {line[5] for line in lines if line[2] in ("done", "found")}
        listed = {one.id for one in pending}
        for line in lines:
            if line[2] in ("done", "found"):
                assert self._came_of(line), f"on record as written, but it is not there: {line}"
        for doing in self.world.begun:
            if doing not in self.world.calls or doing.refused:
                continue
            acknowledged = doing.error is None and not doing.dead and not doing.cancelled
            assert doing.entry in settled or not acknowledged, "what is acknowledged is settled"
            assert doing.entry in settled | listed, "what nobody knows is listed until it is settled"

    def _came_of(self, line: tuple[object, ...]) -> bool:
        """Is there a text of one of the attempts; or of whomever, where a message has become what it was to be."""
        attempts = [doing for doing in self.world.begun if doing.entry == line[5]]
        place, _, identifier = str(line[3]).rpartition("/")
        return any(
            place == doing.place and (one.by is doing or (doing.changes and one.text == doing.arguments["text"]))
            for doing in attempts
            for one in self.world.service.texts_of(identifier)
        )

    def _paced(self) -> None:
        times = [one.begun_at for one in self.world.begun if one.account == "paced" and not one.refused]
        for first, last in zip(times, times[PACE:], strict=False):
            assert last - first >= 60, "no more writes in a minute than the settings allow"


def _same(one: Doing, other: Doing) -> bool:
    """Does an earlier attempt stand for the same intent."""
    if one.account != other.account or one.principal != other.principal:
        return False
    return one.key == other.key if other.key is not None else one.content == other.content


async def _audit(store):
    found = await store.audit.read(limit=10_000)
    return [
        (line.account, line.conversation, line.outcome, line.message, line.at, line.write) for line in reversed(found)
    ]
