"""Hundreds of histories of writing: whatever happens, nothing goes out twice, unasked, or otherwise than is said.

A history that is found wanting is printed as it is; making it short would take longer than reading it.
"""

import shutil
import tempfile
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from writing_call import Doing
from writing_laws import Laws
from writing_service import places_of
from writing_world import SHM, World

from dragoman.toolset.policy import Consent

HISTORIES = 50  # four hundred in all
STEPS = 9
FOCUS = [
    ["allow"],
    ["allow", "paced"],
    ["confirm"],
    ["confirm", "allow"],
    ["listed", "off"],
    ["listed"],
    ["paced"],
    ["off", "confirm", "allow", "listed", "paced"],
]

indices = st.integers(0, 9)
texts = st.sampled_from(["Hello there", "Hello there", "Hello there", "Hello @channel"])
new_texts = st.sampled_from(["Hello there", "Hello there", "Hello *there*", "Hello @channel"])
principals = st.sampled_from(["", "", "", "ann"])
answers = st.sampled_from(["nobody", "nobody", Consent.GIVEN, Consent.GIVEN, *Consent])
faults = st.sampled_from(["", "", "", "refused", "dropped", "lost", "lost", "cut", "cut lost"])
ends = st.sampled_from([None, None, None, "killed before", "killed after", "cancelled", "unheard"])
losses = st.sampled_from(["unheard", "unheard", "killed before", "killed after", "cancelled"])
steps = st.integers(3, 8) | st.integers(4, 18)  # the service gets it at the fifth or so
orders = st.lists(st.sampled_from([0, 1, 0, 1, 0, 1, 2, 3]), max_size=40)
keys = st.sampled_from([None, None, "k1", "k2"])
processes = st.integers(0, 1)


class Histories(RuleBasedStateMachine):
    """Steps of users, processes, the service and time, in any order."""

    portal = None
    focus = ()

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="dragoman-histories-", dir=SHM if SHM.is_dir() else None))
        self.world = World(self.folder)
        self.opened = self.portal.wrap_async_context_manager(self.world.open())
        self.opened.__enter__()
        self.laws = Laws(self.world)
        self.past = []
        self.places = places_of(self.focus)

    def teardown(self):
        self.opened.__exit__(None, None, None)
        shutil.rmtree(self.folder)

    def _run(self, *doings, order=None):
        self.past += [doing for doing in doings if doing.tool != "list_messages"]
        if order is None:
            self.portal.call(self.world.run, *doings)
        else:
            self.portal.call(self.world.race, list(doings), order)
        self.portal.call(self.laws.judge)

    def _place(self, index):
        return self.places[index % len(self.places)]

    def _message(self, place, which):
        """The id of a message there, of somebody's first if there was none; seldom of one that is not there."""
        room = place.partition(":")[2]
        there = self.world.service.messages(room) or [self.world.service.put(room, "Before", None, author="Bo")]
        return there[which % len(there)].id if which < 9 else "gone"

    def _doing(self, number, tool, arguments, principal="", answer="nobody", **fate):
        process = self.world.processes[number]
        return Doing(process, tool, arguments, principal, answer, shown=dict(self.world.shown), **fate)

    def _again(self, data, number, **fate):
        """A call like an earlier one, at times with another text, with or without a token, and how it goes now."""
        known = list(self.laws.tokens)
        which = data.draw(st.sampled_from(["none", "newest", "newest", "any", "same"]))
        former = data.draw(st.sampled_from(self.past[-4:]))
        if which == "newest" and known:
            former, _ = self.laws.tokens[known[-1]]
        arguments = {name: value for name, value in former.arguments.items() if name != "confirm"}
        if data.draw(indices) == 0:
            arguments["text"] = data.draw(texts)
        if which == "same" and "confirm" in former.arguments:
            arguments["confirm"] = former.arguments["confirm"]
        elif which in ("newest", "any") and known:
            arguments["confirm"] = known[-1] if which == "newest" else data.draw(st.sampled_from(known))
        return self._doing(number, former.tool, arguments, former.principal, **fate)

    @rule(number=processes, place=indices, text=texts, key=keys, who=principals, answer=answers, fault=faults,
          end=ends, step=steps, replies=st.booleans())  # fmt: skip
    def send(self, number, place, text, key, who, answer, fault, end, step, replies):
        place = self._place(place)
        arguments = {"conversation": place, "text": text} | ({"idempotency_key": key} if key else {})
        room = [m.id for m, _ in self.world.service.written if m.conversation == place.partition(":")[2]]
        if replies and room:
            arguments["reply_to"] = f"{place}/{room[0]}"
        self._run(self._doing(number, "send_message", arguments, who, answer, fault=fault, end=end, at=step))

    @rule(number=processes, place=indices, text=texts, answer=answers, fault=faults, end=ends, step=steps)
    def import_one(self, number, place, text, answer, fault, end, step):
        more = {"text": text, "author": "Eve", "sent_at": "2026-05-01T10:00Z"}
        arguments = {"conversation": self._place(place), **more}
        self._run(self._doing(number, "import_message", arguments, "", answer, fault=fault, end=end, at=step))

    @rule(number=processes, place=indices, which=indices, text=new_texts, who=principals, answer=answers, fault=faults,
          end=ends, step=steps)  # fmt: skip
    def change(self, number, place, which, text, who, answer, fault, end, step):
        place = self._place(place)
        arguments = {"message": f"{place}/{self._message(place, which)}", "text": text}
        self._run(self._doing(number, "update_message", arguments, who, answer, fault=fault, end=end, at=step))

    @precondition(lambda self: self.past)
    @rule(data=st.data(), number=processes, answer=answers, fault=faults, end=ends, step=steps, deaf=indices)
    def try_again(self, data, number, answer, fault, end, step, deaf):
        self._run(self._again(data, number, answer=answer, fault=fault, end=end, at=step, deaf=deaf == 0))

    @precondition(lambda self: self.past)
    @rule(data=st.data(), answers=st.tuples(answers, answers), faults=st.tuples(faults, faults), end=ends,
          step=steps, order=orders)  # fmt: skip
    def race(self, data, answers, faults, end, step, order):
        one = self._again(data, 0, answer=answers[0], fault=faults[0], end=end, at=step)
        other = self._again(data, 1, answer=answers[1], fault=faults[1])
        self._run(one, other, order=order)

    @rule(numbers=st.tuples(processes, processes), place=indices, text=texts, who=principals, end=losses,
          step=st.integers(8, 20), seconds=st.sampled_from([61.0, 3601.0, 40_000.0]))  # fmt: skip
    def its_answer_gets_lost_and_it_is_tried_again_later(self, numbers, place, text, who, end, step, seconds):
        arguments = {"conversation": self._place(place), "text": text}
        self._run(self._doing(numbers[0], "send_message", arguments, who, end=end, at=step))
        self.world.clock.now += seconds
        self._run(self._doing(numbers[1], "send_message", arguments, who))

    @rule(seconds=st.sampled_from([1.0, 11.0, 61.0, 599.0, 601.0, 3601.0, 40_000.0, 86_401.0]))
    def time_passes(self, seconds):
        self.world.clock.now += seconds

    @rule(place=indices, text=texts)
    def somebody_else_says_it(self, place, text):
        self.world.service.put(self._place(place).partition(":")[2], text, None, author="Bo")

    @rule(place=indices, which=indices, text=texts)
    def somebody_else_changes_it(self, place, which, text):
        place = self._place(place)
        self.world.service.change(place.partition(":")[2], self._message(place, which % 9), text, None)

    @rule(number=processes, place=indices, who=principals)
    def read(self, number, place, who):
        doing = self._doing(number, "list_messages", {"conversation": self._place(place)}, who)
        self._run(doing)
        self.world.note_shown(doing)


@pytest.mark.parametrize("number", range(len(FOCUS)), ids=lambda number: "+".join(FOCUS[number]))
def test_nothing_goes_out_twice_or_unasked_or_otherwise_than_is_said(number):
    with start_blocking_portal() as portal:
        machine = type("Histories", (Histories,), {"portal": portal, "focus": FOCUS[number]})
        run_state_machine_as_test(
            seed(number)(machine),  # histories of its own for each, the same ones every time
            settings=settings(
                max_examples=HISTORIES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
