import subprocess
import sys

import pytest

import dragoman_server.transports.in_memory  # noqa: F401  # loaded once: a run inside a test unloads what it has loaded

pytest_plugins = "pytester"

QUICK = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
THREE_LINES = """
    def test_the_answer_is_in_the_room(dragoman):
        dragoman.call("import_message", conversation="local:room", text="Hi", author="Ann", sent_at="2026-03-10T09:00Z")
        assert "Ann: Hi" in dragoman.call("list_messages", conversation="local:room")
"""


@pytest.fixture
def run(pytester):
    def run(**files):
        pytester.makepyfile(**files)
        return pytester.runpytest_inprocess("-W", "error", "--strict-markers", *QUICK)

    return run


def test_three_lines_script_a_whole_server(pytester):
    pytester.makepyfile(test_mine=THREE_LINES)
    pytester.runpytest_subprocess("-W", "error", "--strict-markers").assert_outcomes(passed=1)


def test_each_test_has_a_server_of_its_own(run):
    run(test_mine=THREE_LINES + THREE_LINES.replace("test_the", "test_once_more_the")).assert_outcomes(passed=2)


def test_json_and_errors_are_scripted_as_well(run):
    run(
        test_mine="""
        import pytest
        from dragoman.testing import ToolError

        def test_answers(dragoman):
            dragoman.call("import_message", conversation="local:room", text="Hi", author="Ann", sent_at="2026-03-10")
            page = dragoman.json("list_messages", conversation="local:room")
            assert [(m["author"], m["text"]) for m in page["messages"]] == [("Ann", "Hi")]
            assert "no such conversation" in dragoman.error("list_messages", conversation="local:nowhere")
            with pytest.raises(ToolError):
                dragoman.call("list_messages", conversation="local:nowhere")
            with pytest.raises(AssertionError, match="was to be refused"):
                dragoman.error("list_messages", conversation="local:room")
    """
    ).assert_outcomes(passed=1)


def test_a_suite_chooses_its_own_settings(run):
    run(
        conftest="""
        import pytest

        @pytest.fixture
        def dragoman_config():
            return {"timezone": "Asia/Tokyo", "accounts": {"notes": {"provider": "local", "write": "allow"}}}
    """,
        test_mine="""
        def test_answers(dragoman):
            dragoman.call("import_message", conversation="notes:r", text="Hi", author="Ann", sent_at="2026-03-10T09Z")
            assert "18:00 Ann: Hi" in dragoman.call("list_messages", conversation="notes:r")
    """,
    ).assert_outcomes(passed=1)


def test_a_suite_with_a_fixture_of_the_same_name_keeps_it(run):
    run(
        conftest="""
        import pytest

        @pytest.fixture
        def dragoman():
            return "an interpreter"
    """,
        test_mine="""
        def test_mine(dragoman):
            assert dragoman == "an interpreter"
    """,
    ).assert_outcomes(passed=1)


def test_the_server_leaves_the_folder_of_the_test_alone(run):
    run(
        test_mine="""
        def test_mine(dragoman, tmp_path):
            dragoman.call("list_conversations")
            assert list(tmp_path.iterdir()) == []
    """
    ).assert_outcomes(passed=1)


def test_it_works_beside_a_test_that_is_asynchronous(run):
    run(
        test_mine="""
        import pytest

        @pytest.mark.anyio
        @pytest.mark.parametrize("anyio_backend", ["asyncio"])
        async def test_mine(dragoman, anyio_backend):
            assert dragoman.call("list_conversations")
    """
    ).assert_outcomes(passed=1)


def test_wrong_settings_fail_the_test_with_their_sentence(run):
    result = run(
        conftest="""
        import pytest

        @pytest.fixture
        def dragoman_config():
            return 'max_tokens = "many"'
    """,
        test_mine="def test_mine(dragoman):\n    pass",
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*max_tokens*"])


def test_suites_that_do_not_use_it_load_nothing_for_it():
    code = (
        "import sys, pytest; before = set(sys.modules); import dragoman.testing.pytest_plugin; "
        "print(*sorted(each for each in set(sys.modules) - before if not each.startswith('dragoman')))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"anyio", "pydantic", "mcp", "apsw", "asyncio", "httpx", "grpc"} & set(found.split())
