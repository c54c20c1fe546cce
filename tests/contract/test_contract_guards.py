import anyio
import pytest
import test_contract_catches_bad_changes
import test_contract_catches_bad_finders
import test_contract_catches_bad_readers
import test_contract_catches_bad_writers
from breakage import run
from carrier_pigeon import CarrierPigeon

from dragoman import Change, Conflict, Draft, NotFound, OutcomeUnknown, Provider, Unavailable
from dragoman.testing import ProviderContract, Trait
from dragoman.testing.contract.suite import SCENARIOS

pytest_plugins = "pytester"
LATEST = "test_latest_pages_give_every_message_once_in_order"
EXEMPTIONS = "test_every_exemption_has_a_reason"


def test_a_class_that_overrides_a_scenario_cannot_be_made():
    with pytest.raises(TypeError, match=f"TestLax changes {LATEST}.*`exempt`"):

        class TestLax(ProviderContract):
            async def test_latest_pages_give_every_message_once_in_order(self):
                pass


def test_a_class_that_deletes_a_scenario_cannot_be_made():
    with pytest.raises(TypeError, match=f"TestLax changes {LATEST}"):

        class TestLax(ProviderContract):
            test_latest_pages_give_every_message_once_in_order = None


def test_a_scenario_cannot_be_overridden_by_another_base_class():
    class Lax:
        async def test_latest_pages_give_every_message_once_in_order(self):
            pass

    with pytest.raises(TypeError, match=f"TestLax changes {LATEST}"):

        class TestLax(Lax, ProviderContract):
            pass


def test_a_scenario_cannot_be_changed_after_the_class_was_made():
    one, another, *_ = SCENARIOS
    made = type("TestLater", (ProviderContract,), {})
    for guarded in (made, ProviderContract):
        with pytest.raises(TypeError, match=one):
            setattr(guarded, one, lambda self: None)
        with pytest.raises(TypeError, match=another):
            delattr(guarded, another)
    made.of_its_own = 1
    assert getattr(made, one) is getattr(ProviderContract, one)


def test_a_scenario_cannot_be_overridden_below_a_class_that_takes_the_guard_away():
    lax = type("Lax", (ProviderContract,), {"__init_subclass__": classmethod(lambda cls: None)})
    with pytest.raises(TypeError, match=SCENARIOS[0]):
        type("TestLax", (lax,), {SCENARIOS[0]: None})


def test_a_class_may_add_tests_of_its_own():
    class TestMore(ProviderContract):
        async def test_something_else(self):
            pass

    assert TestMore.test_something_else is not None


def test_every_scenario_is_known_to_catch_something():
    modules = (
        test_contract_catches_bad_changes,
        test_contract_catches_bad_finders,
        test_contract_catches_bad_readers,
        test_contract_catches_bad_writers,
    )
    caught = {scenario for module in modules for _, scenario, _ in module.breakage.cases}
    assert set(SCENARIOS) - caught == {EXEMPTIONS}


@pytest.mark.anyio
async def test_an_exemption_without_a_reason_is_caught():
    with pytest.raises(AssertionError, match="LABELS needs a reason"):
        await run(CarrierPigeon, EXEMPTIONS, exempt={Trait.LABELS: ""})
    with pytest.raises(AssertionError, match="Conflict needs a reason"):
        await run(CarrierPigeon, EXEMPTIONS, exempt={Conflict: "no"})
    await run(CarrierPigeon, EXEMPTIONS, exempt={Conflict: "A pigeon never disagrees."})


class Careless(CarrierPigeon):
    """Ignores labels, answers to nothing, and knows every conversation."""

    async def update_message(self, conversation, message, change: Change):
        return await super().update_message(conversation, message, Change(text=change.text, subject=change.subject))

    async def send_message(self, conversation, draft: Draft):
        return await super().send_message(conversation, Draft(text=draft.text))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("trait", "scenario"),
    [
        (Trait.LABELS, "test_subject_and_labels_change_and_clear_or_are_refused"),
        (Trait.REPLIES, "test_a_reply_is_sent_as_one_or_refused"),
    ],
)
async def test_what_a_service_lacks_is_still_refused_in_words(trait, scenario):
    with pytest.raises(AssertionError, match="was to be raised"):
        await run(Careless, scenario, exempt={trait: "Pigeons are careless."})


class Unsure(CarrierPigeon):
    """Cannot tell whether a letter that was under way has arrived."""

    async def _deliver(self, conversation, message):
        try:
            return await super()._deliver(conversation, message)
        except Unavailable as error:
            raise OutcomeUnknown("The pigeon was not seen again.") from error

    async def update_message(self, conversation, message, change):
        try:
            return await super().update_message(conversation, message, change)
        except Unavailable as error:
            raise OutcomeUnknown("The pigeon was not seen again.") from error


@pytest.mark.anyio
async def test_a_service_that_leaves_writes_open_is_exempt_for_them_only():
    scenario = "test_a_failing_write_raises_the_error_that_it_is"
    with pytest.raises(AssertionError, match="OutcomeUnknown was raised instead of Unavailable"):
        await run(Unsure, scenario)
    exempt = {Trait.UNAVAILABLE_WRITES: "A pigeon does not tell."}
    await run(Unsure, scenario, exempt=exempt)
    with pytest.raises(AssertionError, match="instead of Unavailable"):
        await run(Rude, "test_a_failing_read_raises_the_error_that_it_is", exempt=exempt)


class Rude(CarrierPigeon):
    async def _fly(self):
        try:
            return await super()._fly()
        except Unavailable as error:
            raise NotFound("The pigeon is gone.") from error


class Sleeping(CarrierPigeon):
    async def list_messages(self, conversation, query):  # it sleeps through them
        await anyio.sleep_forever()


@pytest.mark.anyio
async def test_a_provider_that_never_answers_fails_with_the_time_it_had():
    with pytest.raises(AssertionError, match=r"did not end within 0\.05 seconds"):
        await run(Sleeping, LATEST, patience=0.05)


class Mute(Provider):
    name = "carrier-pigeon"
    Settings = CarrierPigeon.Settings

    async def check(self):
        return "says nothing"


@pytest.mark.anyio
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_a_provider_that_can_nothing_passes_by_refusing_everything(scenario):
    await run(Mute, scenario)


def test_outsiders_need_nothing_but_pytest(pytester):
    pytester.makepyfile(
        test_mute="""
        import pytest
        from dragoman import AccountSettings, Provider
        from dragoman.testing import ProviderContract, Seeded, Service

        class Mute(Provider):
            name = "mute"

            async def check(self):
                return "says nothing"

        class Silence(Service):
            settings = AccountSettings(provider="mute")

            async def seed(self, conversation, messages):
                return Seeded(conversation, tuple(messages))

        class TestMute(ProviderContract):
            provider = Mute

            @pytest.fixture
            def service(self):
                return Silence()

        class TestForgetful(ProviderContract):
            provider = Mute
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-W", "error")
    result.assert_outcomes(passed=len(SCENARIOS), errors=len(SCENARIOS))
    result.stdout.fnmatch_lines(["*TestForgetful needs a fixture `service` that returns a Service.*"])
