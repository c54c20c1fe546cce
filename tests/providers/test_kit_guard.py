"""Providers are built on the kit, and the guard that says so sees what is not."""

import pytest
from kit_guard import faults_in, main


def test_every_provider_is_built_on_the_kit(capsys):
    assert main() == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    "source",
    [
        "from collections import OrderedDict",
        "import collections\nx = collections.OrderedDict()",
        "def drop(known): known.popitem(last=False)",
        "at = datetime.fromisoformat(text)",
        "at = datetime.strptime(text, '%Y')",
        "at = datetime.fromtimestamp(12)",
        "from email.utils import parsedate_to_datetime",
        "class MessagePager: ...",
        "class LruNames: ...",
        "class Cursor: ...",
        "raise InvalidArgument('This cursor belongs to another list.')",
    ],
)
def test_the_guard_sees_what_is_defined_again(source):
    assert [line for line, _ in faults_in(source)]


def test_the_guard_lets_the_kit_be_used():
    source = "from dragoman.providers.kit import Pager, parse_time\nat = parse_time(text)\ncache = {}\ncache.pop('x')"
    assert not list(faults_in(source))
