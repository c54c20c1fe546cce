from pathlib import Path

import pytest

from dragoman.providers.glean import GleanSettings
from dragoman.providers.glean.settings import DATASOURCES

PAGE = (Path(__file__).parents[3] / "docs" / "providers" / "glean.md").read_text()


@pytest.mark.parametrize("key", sorted(GleanSettings.model_fields))
def test_every_setting_is_on_the_page(key):
    assert f"`{key}`" in PAGE


@pytest.mark.parametrize("datasource", DATASOURCES)
def test_every_datasource_is_on_the_page(datasource):
    assert f"`{datasource}`" in PAGE
    assert f"`{datasource.lower()}" in PAGE


def test_the_page_documents_no_setting_that_there_is_not():
    table = PAGE.partition("## Settings")[2].partition("## Credentials")[0]
    keys = {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}
    assert keys <= set(GleanSettings.model_fields)
