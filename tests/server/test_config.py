from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from dragoman_server.config.diagnostics import ConfigError
from dragoman_server.config.find import find
from dragoman_server.config.load import Config, from_mapping, load, local_zone
from dragoman_server.setup.files import trusted_files

NAME_RULE = "an account name has small letters, digits and hyphens, begins with a letter, and is at most 32 long."


@pytest.fixture
def written(tmp_path):
    def write(content: str | bytes):
        file = tmp_path / "dragoman.toml"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write


@pytest.fixture(autouse=True)
def _nothing_configured(tmp_path, monkeypatch):
    for name in ("DRAGOMAN_CONFIG", "DRAGOMAN_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")


def problems(file) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(file)
    return [problem.removeprefix(f"{file}:") for problem in caught.value.problems]


def test_without_a_file_there_is_one_local_account():
    config = load()
    assert list(config.accounts) == ["local"]
    assert config.accounts["local"].write == "allow"
    assert config.source is None


def test_an_empty_file_means_one_local_account(written):
    config = load(written(""))
    assert list(config.accounts) == ["local"]
    assert config.general.max_tokens == 3000


def test_with_accounts_only_those_exist(written):
    config = load(written('[accounts.notes]\nprovider = "local"\n'))
    assert list(config.accounts) == ["notes"]


def test_what_the_file_says_is_what_is_used(written):
    config = load(written('timezone = "Europe/Berlin"\nmax_tokens = 500\nflow_guard = "warn"\n'))
    assert config.zone == ZoneInfo("Europe/Berlin")
    assert (config.general.max_tokens, config.general.flow_guard) == (500, "warn")


def test_all_mistakes_are_reported_at_once_with_their_lines(written):
    file = written(
        'timezone = "Mars/Olympus"\nmax_tokens = 5\ntime_zone = "UTC"\n'
        '[accounts.Work]\nprovider = "local"\n'
        '[accounts.b]\nprovider = "locall"\nwrite = "perhaps"\n'
        '[accounts.c]\nprovider = "local"\ntimeout = "long"\npth = "x"\n'
    )
    assert problems(file) == [
        '1: timezone: must be the IANA name of a time zone, such as "Europe/Berlin".',
        "2: max_tokens: must be at least 200.",
        "3: time_zone: is not a setting; did you mean timezone?",
        f"4: accounts.Work: {NAME_RULE}",
        *[problem for problem in problems(file) if problem.startswith("7: accounts.b.provider: is no provider")],
        "8: accounts.b.write: must be 'off', 'confirm' or 'allow'.",
        "11: accounts.c.timeout: must be a number.",
        "12: accounts.c.pth: is not a setting; did you mean path?",
    ]
    assert len(problems(file)) == 8


def test_an_unknown_provider_is_answered_with_those_that_exist(written):
    (problem,) = problems(written('[accounts.a]\nprovider = "locall"\n'))
    assert "local" in problem.partition("the providers are")[2]


def test_no_mistake_repeats_a_value(written):
    value = "hunter2-hunter2"
    file = written(
        f'timezone = "{value}"\nmax_tokens = "{value}"\n{value}\nflow_guard = "{value}"\n'
        f'[accounts.a]\nprovider = "{value}"\n[accounts.b]\nprovider = "local"\nwrite = "{value}"\n'
        f'timeout = "{value}"\nwrite_to = ["other:{value}"]\nbad = "{value}"\nremember = ["{value}"]\n'
    )
    assert len(problems(file)) == 10
    assert value not in "\n".join(problems(file))


def test_lines_that_do_not_parse_are_reported_beside_the_other_mistakes(written):
    assert [problem.partition(":")[0] for problem in problems(written('timezone =\nmax_tokens = 5\na = "x\n'))] == [
        "1",
        "3",
        "2",
    ]


def test_a_required_key_in_a_broken_line_is_not_called_missing(written):
    found = problems(written('[accounts.a]\nprovider = "local\n'))
    assert len(found) == 1
    assert found[0].startswith("2: ")


def test_a_broken_table_header_ends_the_search_for_more(written):
    assert len(problems(written('[accounts.a\nprovider = "local"\nfoo = 1\n'))) == 1


def test_two_accounts_on_the_same_file_are_refused(written, tmp_path):
    path = (tmp_path / "notes.db").as_posix()
    detour = (tmp_path / "x" / ".." / "notes.db").as_posix()
    accounts = (
        f'[accounts.a]\nprovider = "local"\npath = "{path}"\n[accounts.b]\nprovider = "local"\npath = "{detour}"\n'
    )
    assert problems(written(accounts)) == ["6: accounts.b.path: is the file of the account a already."]


def test_two_accounts_on_the_default_file_are_refused(written):
    accounts = '[accounts.a]\nprovider = "local"\n[accounts.b]\nprovider = "local"\n'
    assert problems(written(accounts)) == ["3: accounts.b.path: is the file of the account a already."]


@pytest.mark.parametrize("place", ["other:room", "a:room/message", "a:%zz", "#room", "Launch room", "a:", "A:room", ""])
def test_write_to_must_stay_within_its_account(written, place):
    (problem,) = problems(written(f'[accounts.a]\nprovider = "local"\nwrite_to = ["{place}"]\n'))
    assert problem.startswith("3: accounts.a.write_to: must hold references of conversations of this account")


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"# caf\xe9\n", "1"), (b"timezone = 'UTC'\n\xff\xfe", "2")],
)
def test_a_file_that_is_not_utf8_is_refused_in_one_sentence(written, content, line):
    assert problems(written(content)) == [f"{line}: The settings file is not UTF-8 text."]


def test_a_byte_order_mark_is_no_mistake(written):
    assert load(written(b"\xef\xbb\xbfmax_tokens = 300\n")).general.max_tokens == 300


def test_carriage_returns_are_no_mistake_and_do_not_shift_lines(written):
    assert load(written(b"max_tokens = 300\r\n")).general.max_tokens == 300
    assert problems(written(b"\r\n\r\nmax_tokens = 3\r\n")) == ["3: max_tokens: must be at least 200."]


def test_a_huge_file_is_refused_without_reading_it(written):
    assert problems(written(b"#" * 3_000_000)) == [" This is no settings file, it is larger than 1 MiB."]


def test_a_folder_in_its_place_is_refused(tmp_path):
    assert problems(tmp_path) == [" This is a folder, and a settings file is expected."]


def test_a_missing_file_that_was_named_is_refused(tmp_path):
    assert problems(tmp_path / "none.toml") == [" There is no such settings file."]


def test_a_file_that_cannot_be_opened_is_refused_with_the_reason(written):
    assert problems(written("") / "below-a-file") == [" The settings file cannot be read (Not a directory)."]


def test_thousands_of_mistakes_are_counted_but_not_all_shown(written):
    file = written("\n".join(f"key{number} = 1" for number in range(5000)))
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert len(caught.value.problems) == 5000
    assert len(str(caught.value).splitlines()) < 50


@pytest.mark.parametrize(
    "content",
    ["accounts = 3", "[[accounts]]\nx = 1", "[accounts]\na = 3", '[accounts.""]\nprovider = "local"', "a = [[[[[" * 99],
)
def test_accounts_of_another_shape_are_mistakes(written, content):
    assert problems(written(content))


def test_the_place_of_the_file_is_searched_in_order(tmp_path, monkeypatch):
    home = tmp_path / "home" / "dragoman" / "dragoman.toml"
    home.parent.mkdir(parents=True)
    home.touch()
    assert find().path == home
    working = tmp_path / "elsewhere" / "dragoman.toml"
    working.touch()
    assert find().path == home
    trusted_files.remember(working, b"")
    assert find().path.resolve() == working
    (tmp_path / "named.toml").touch()
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(tmp_path / "named.toml"))
    assert find().path == tmp_path / "named.toml"


def test_a_named_file_that_does_not_exist_is_not_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_CONFIG", str(tmp_path / "named.toml"))
    with pytest.raises(ConfigError, match="no such settings file"):
        load()


def test_the_data_folder_moves_with_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_DATA", str(tmp_path / "moved"))
    assert load().store == tmp_path / "moved" / "dragoman.db"


@pytest.mark.parametrize("name", ["Nonsense/Zone", "UTC+3", "CET-1CEST", "/etc/passwd"])
def test_a_machine_without_a_known_zone_is_in_utc(monkeypatch, name):
    monkeypatch.setenv("TZ", name)
    monkeypatch.setattr("tzlocal.unix._cache_tz", None)
    assert local_zone() is UTC


def test_settings_in_memory_are_checked_like_a_file():
    assert isinstance(from_mapping({"max_tokens": 400}), Config)
    with pytest.raises(ConfigError, match=r"^max_tokens: must be at least 200\.$"):
        from_mapping({"max_tokens": 4})


@pytest.mark.parametrize(
    ("content", "place", "fix"),
    [
        ('timzone = "UTC"', "1: timzone: ", "did you mean timezone?"),
        ('[accounts.a]\nprovider = "glen"', "2: accounts.a.provider: ", "did you mean glean?"),
        ('[accounts.a]\nprovider = "local"\nwrite = yes', "3: write: ", 'text stands in quotes, as in write = "..."'),
        ('[accounts.a]\nprovider = "convore"\ntokn = "x"', "3: accounts.a.tokn: ", "did you mean token?"),
        (
            '[accounts.a]\nprovider = "glean"\ntoken = { enviro = "X" }',
            "3: accounts.a.token: ",
            "exactly one of env, file",
        ),
    ],
)
def test_a_usual_mistake_is_told_with_its_line_its_key_and_the_fix(written, content, place, fix):
    (problem,) = [said for said in problems(written(content)) if fix in said]
    assert problem.startswith(place)
