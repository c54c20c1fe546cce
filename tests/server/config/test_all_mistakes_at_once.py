"""Every mistake of a settings file is told at once, with its line and what to write instead."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman_server.config.diagnostics import ConfigError
from dragoman_server.config.load import from_bytes, load
from dragoman_server.config.toml_positions import read


def problems(tmp_path, text: str) -> list[str]:
    file = tmp_path / "dragoman.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file)
    return [line.removeprefix(f"{file}:") for line in caught.value.problems]


MANY = """\
max_tokens = 5
[accounts.work]
provider = "glean"
base_url = "not a url"
token = { env = "X" }
[accounts.desk]
provider = "convore"
base_url = "http://api.example.com"
token = { env = "X" }
ca_file = "/no/such/file.pem"
[accounts.cloud]
provider = "yandex"
target = "a b"
iam_target = "https://x"
api_key = { env = "X" }
folder_id = "f"
[accounts.agents]
provider = "datagrid"
base_url = "https://me:secret@example.com"
token = { env = "X" }
writ = "off"
"""


def test_what_only_opening_an_account_would_find_is_told_with_the_rest(tmp_path):
    said = problems(tmp_path, MANY)
    assert [line.split(":")[0:2] for line in said] == [
        ["1", " max_tokens"],
        ["4", " accounts.work.base_url"],
        ["8", " accounts.desk.base_url"],
        ["10", " accounts.desk.ca_file"],
        ["13", " accounts.cloud.target"],
        ["14", " accounts.cloud.iam_target"],
        ["19", " accounts.agents.base_url"],
        ["21", " accounts.agents.writ"],
    ]
    assert not any("secret" in line for line in said)
    assert "Use https" in said[2]


def test_plain_grpc_to_another_machine_is_a_mistake_of_the_settings(tmp_path):
    text = '[accounts.a]\nprovider = "yandex"\ntarget = "api.example.com:50051"\ntls = false\napi_key = { env = "X" }\n'
    (said,) = problems(tmp_path, text)
    assert said.startswith("3: accounts.a.target: gRPC without TLS")


BAD_PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("content", ["", "no certificate", BAD_PEM])
def test_a_file_without_certificates_is_told_before_anything_connects(tmp_path, content):
    (tmp_path / "ca.pem").write_text(content, encoding="utf-8")
    text = f'[accounts.a]\nprovider = "convore"\ntoken = {{ env = "X" }}\nca_file = "{tmp_path}/ca.pem"\n'
    (said,) = problems(tmp_path, text)
    assert said.startswith("4: accounts.a.ca_file: ")


@pytest.mark.parametrize(
    "row",
    [
        r'path = "C:\Users\ann\notes.db"',
        r'path = "C:\data\notes.db"',
        r'path = "D:\notes\temp.db"',
        r'path = "C:\temp\notes.db"',
        r'path = "\\server\share\u12"',
        r'path = "C:\files\x1.db"',
    ],
)
def test_a_path_of_windows_in_double_quotes_says_how_to_write_it(tmp_path, row):
    (said,) = problems(tmp_path, f'[accounts.a]\nprovider = "local"\n{row}\n')
    assert said.startswith("3: ")
    assert "path = '...'" in said
    assert "double each" in said
    assert "hex" not in said


def test_such_a_path_is_found_inside_a_place_of_a_credential_too(tmp_path):
    (said,) = problems(tmp_path, '[accounts.a]\nprovider = "convore"\ntoken = { file = "C:\\temp\\new" }\n')
    assert said.startswith("3: accounts.a.token: ")
    assert "double each" in said


@pytest.mark.parametrize("row", [r"path = 'C:\Users\ann\notes.db'", r'path = "C:\\Users\\ann\\notes.db"'])
def test_a_path_of_windows_that_is_written_well_is_taken(row):
    config = from_bytes(f'[accounts.a]\nprovider = "local"\n{row}\n'.encode(), "x")
    assert str(config.accounts["a"].path) == r"C:\Users\ann\notes.db"


@pytest.mark.parametrize(
    ("row", "cure"),
    [
        ("max_tokens == 3", "text stands in quotes"),
        ("timezone = Europe/Berlin", "text stands in quotes"),
        ('timezone = "UTC\n', "not closed in the same line"),
        ("max_tokens 3", 'is written {key} = "value"'),
        ('timezone = "UTC" max_tokens = 3', "one setting on each line"),
        ("= 3", "line begins with a key"),
        ("max_tokens = 300\nmax_tokens = 400", "a second time"),
        ("[http]\n[http]", "http is there twice"),
        ("[accounts.a\n", "with one ]"),
        ("list = [1, 2\n", "never closed"),
        ("a = { b = 1, b = 2 }", "set twice in these braces"),
    ],
)
def test_a_line_that_is_no_toml_says_what_to_write(row, cure):
    said = [mistake.reason for mistake in read(row).mistakes]
    assert any(cure.format(key="NAME") in line or cure.format(key="max_tokens") in line for line in said), said


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab=.[]{}\"'#\\UuxC:\n ,1T-é\t\x00", max_size=40))
def test_no_reason_shows_the_words_of_a_parser(text):
    for mistake in read(text).mistakes:
        assert not {"namespace", "hex", "statement", "scalar"} & set(mistake.reason.lower().split())
        assert "('" not in mistake.reason


@pytest.mark.skipif(os.name == "nt", reason="the path is one of POSIX")
def test_a_broken_line_does_not_hide_what_is_wrong_elsewhere(tmp_path):
    text = 'timezone = UTC\n[accounts.a]\nprovider = "convore"\nbase_url = "nowhere at all"\ntoken = 3\n'
    said = problems(tmp_path, text)
    assert [line.split(":")[0] for line in said] == ["1", "4", "5"]


@pytest.mark.parametrize(
    "horizon", ['"90"', '"0d"', '"90 d"', '"ninety"', '"99999d"', '"ALL"', '"1h"', '"-1d"', "true", "90"]
)
def test_a_horizon_that_is_none_is_told_with_an_example(tmp_path, horizon):
    text = f'[accounts.work]\nprovider = "convore"\ntoken = {{ env = "X" }}\nsync = {horizon}\n'
    (said,) = problems(tmp_path, text)
    assert said.startswith("4: accounts.work.sync: must be")
    assert "a number and d, w, m or y" in said


def test_an_account_of_which_nothing_is_kept_cannot_be_kept_current(tmp_path):
    text = '[accounts.work]\nprovider = "convore"\ntoken = { env = "X" }\nremember = "numbers"\nsync = "all"\n'
    (said,) = problems(tmp_path, text)
    assert said == '5: accounts.work.sync: needs remember = "full".'


@pytest.mark.parametrize("horizon", ["all", "90d", "12w", "6m", "2y"])
def test_a_horizon_is_taken_in_days_weeks_months_and_years(horizon):
    text = f'[accounts.work]\nprovider = "convore"\ntoken = {{ env = "X" }}\nsync = "{horizon}"\n'
    assert from_bytes(text.encode(), Path("dragoman.toml")).accounts["work"].sync == horizon
