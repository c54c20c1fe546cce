"""The page of each provider names its own settings: all that there are, and no other."""

import re
from pathlib import Path

import pytest

from dragoman.accounts.provider_registry import provider_class
from dragoman.providers.base.provider import AccountSettings

PAGES = Path(__file__).parents[2] / "docs" / "providers"
PROVIDERS = ["convore", "datagrid", "glean", "mail", "slack", "yandex"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_setting_is_on_the_page_of_its_provider(provider):
    page = (PAGES / f"{provider}.md").read_text("utf-8")
    own = provider_class(provider).Settings.model_fields.keys() - AccountSettings.model_fields.keys()
    assert [key for key in own if f"`{key}`" not in page] == []
    assert "(../settings.md#in-every-account)" in page
    table = page.partition("## What works")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == own


def test_every_page_is_of_a_provider():
    assert sorted(page.stem for page in PAGES.glob("*.md") if page.stem != "index") == PROVIDERS
