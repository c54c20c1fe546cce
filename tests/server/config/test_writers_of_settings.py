"""Settings that others could write are not used, as ssh does it."""

import os
import stat

import pytest
from click.testing import CliRunner

from dragoman_server.cli.main import cli

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions are those of POSIX")


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith(("DRAGOMAN_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "home"


def run(*words: str):
    return CliRunner().invoke(cli, list(words), catch_exceptions=False)


@pytest.fixture
def settings(home):
    folder = home / ".config" / "dragoman"
    folder.mkdir(parents=True)
    (folder / "dragoman.toml").write_text('[accounts.mine]\nprovider = "local"\n', encoding="utf-8")
    return folder / "dragoman.toml"


@pytest.mark.parametrize("mode", [0o666, 0o660, 0o622, 0o602, 0o777])
@pytest.mark.parametrize("named", [True, False])
def test_a_file_that_others_may_write_is_refused_with_what_to_do(settings, mode, named):
    settings.chmod(mode)
    words = ["--config", str(settings)] if named else []
    result = run("accounts", *words)
    assert result.exit_code == 2
    assert f"chmod go-w {settings}" in result.stderr
    settings.chmod(0o644)
    assert run("accounts", *words).exit_code == 0


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o703])
def test_a_folder_in_which_others_may_replace_the_file_is_refused(settings, mode):
    settings.parent.chmod(mode)
    for words in (["accounts"], ["init", "--provider", "local", "--name", "notes", "--no-check"]):
        result = run(*words)
        assert result.exit_code == 2
        assert f"chmod go-w {settings.parent}" in result.stderr
    settings.parent.chmod(0o1777)
    assert run("accounts").exit_code == 0


def test_the_first_account_is_not_written_where_others_could_replace_it(home):
    (home / ".config" / "dragoman").mkdir(parents=True)
    (home / ".config" / "dragoman").chmod(0o777)
    result = run("init", "--provider", "local", "--name", "notes", "--no-check")
    assert result.exit_code == 2
    assert not list((home / ".config" / "dragoman").iterdir())


def test_what_is_made_is_closed_to_others_whatever_the_umask(home):
    before = os.umask(0)
    try:
        assert run("init", "--provider", "local", "--name", "notes", "--no-check").exit_code == 0
    finally:
        os.umask(before)
    folder = home / ".config" / "dragoman"
    assert stat.S_IMODE((folder / "dragoman.toml").stat().st_mode) == 0o600
    assert [stat.S_IMODE(it.stat().st_mode) for it in (folder, folder.parent)] == [0o700, 0o700]


def test_a_link_is_judged_by_the_file_that_it_leads_to(settings, tmp_path):
    real = tmp_path / "real.toml"
    settings.rename(real)
    settings.symlink_to(real)
    assert run("accounts").exit_code == 0
    real.chmod(0o666)
    assert run("accounts").exit_code == 2


def test_settings_from_a_pipe_are_nobody_elses(home, tmp_path):
    reader, writer = os.pipe()
    os.write(writer, b'[accounts.piped]\nprovider = "local"\n')
    os.close(writer)
    assert "piped (local)" in run("accounts", "--config", f"/dev/fd/{reader}").stdout
