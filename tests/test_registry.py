import pytest

from dragoman.accounts.provider_registry import BUILT_IN, provider_class, provider_names
from dragoman.core.errors import InvalidArgument
from dragoman.providers.base.provider import Provider


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a package with one module and one entry point where installed packages are."""

    def put(name: str, code: str, attribute: str = "Post"):
        module = f"post_{name.replace('-', '_')}"
        (tmp_path / f"{module}.py").write_text(code)
        information = tmp_path / f"{module}-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(f"[dragoman.providers]\n{name} = {module}:{attribute}\n")
        monkeypatch.syspath_prepend(tmp_path)

    return put


GOOD = "from dragoman import Provider\n\nclass Post(Provider):\n    name = 'good-post'\n"


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_provider_can_be_imported_and_knows_its_name(name):
    found = provider_class(name)
    assert issubclass(found, Provider)
    assert found.name == name


def test_an_installed_package_adds_a_provider(install):
    install("good-post", GOOD)
    assert provider_names() == [*BUILT_IN, "good-post"]
    found = provider_class("good-post")
    assert issubclass(found, Provider)
    assert found.name == "good-post"


def test_listing_the_names_imports_no_provider(install):
    install("explosive", "raise RuntimeError('imported')")
    assert "explosive" in provider_names()


def test_an_installed_package_cannot_take_the_name_of_a_built_in_provider(install):
    name = next(iter(BUILT_IN))
    install(name, GOOD)
    assert provider_names().count(name) == 1
    assert provider_class(name).__module__.startswith("dragoman.providers.")


def test_an_unknown_provider_is_answered_with_the_known_ones(install):
    install("good-post", GOOD)
    with pytest.raises(InvalidArgument) as refused:
        provider_class("bad-post")
    known = ", ".join([*BUILT_IN, "good-post"])
    assert str(refused.value) == f"There is no provider 'bad-post'. Known providers: {known}."


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise RuntimeError('secret of the package')", "RuntimeError"),
        ("this is no Python", "SyntaxError"),
        ("", "AttributeError"),
    ],
)
def test_a_broken_package_is_named_with_what_to_do(install, code, reason):
    name = f"broken-{reason.lower()}"
    install(name, code)
    with pytest.raises(InvalidArgument) as refused:
        provider_class(name)
    package = f"post_{name.replace('-', '_')}"
    said = f"The provider '{name}' cannot be imported ({reason}). Reinstall the package '{package}'."
    assert str(refused.value) == said
    assert type(refused.value.__cause__).__name__ == reason


@pytest.mark.parametrize(
    "code", ["import a_module_that_does_not_exist", "from a_module_that_does_not_exist.inner import x"]
)
def test_a_package_that_lacks_a_module_names_it(install, code):
    install("lacking-post", code)
    with pytest.raises(InvalidArgument) as refused:
        provider_class("lacking-post")
    assert "the module 'a_module_that_does_not_exist' is not installed" in str(refused.value)
    assert str(refused.value).endswith("Reinstall the package 'post_lacking_post'.")


@pytest.mark.parametrize(("name", "code"), [("no-class", "Post = 3"), ("no-provider", "class Post: ...")])
def test_an_entry_point_that_is_no_provider_is_refused(install, name, code):
    install(name, code)
    with pytest.raises(InvalidArgument, match=f"The entry point of provider '{name}' is not a Provider class"):
        provider_class(name)
