from pathlib import Path

import pytest

from dragoman.providers.glean.settings import DATASOURCES

PAGE = (Path(__file__).parents[3] / "docs" / "providers" / "glean.md").read_text()


@pytest.mark.parametrize("datasource", DATASOURCES)
def test_every_datasource_is_on_the_page(datasource):
    assert f"`{datasource}`" in PAGE
    assert f"`{datasource.lower()}" in PAGE
