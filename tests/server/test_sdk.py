import subprocess
import sys

import pytest


def run(program: str, *paths: object) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, paths)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_serving_imports_no_client_and_no_second_framework():
    program = """
import sys
import dragoman_server.transports.stdio.command
print([name for name in ("httpx2", "mcp.client.client", "mcp.server.mcpserver") if name in sys.modules])
"""
    assert run(program) == ["[]"]


def test_what_was_left_out_is_there_when_it_is_wanted():
    program = """
import dragoman_server.transports.stdio.command
import mcp.server.mcpserver
from mcp import Client, MCPError
from mcp.server import MCPServer
from mcp.shared.exceptions import MCPError as same
print(Client.__module__, MCPServer is mcp.server.mcpserver.MCPServer, MCPError is same)
"""
    assert run(program) == ["mcp.client.client", "True", "True"]


def test_what_is_nowhere_is_still_an_error():
    program = """
import dragoman_server.transports.stdio.command
import mcp
try:
    mcp.no_such_thing
except AttributeError as error:
    print("no_such_thing" in str(error), hasattr(mcp, "__all__"))
"""
    assert run(program) == ["True", "True"]


INSIDE = {
    "simple": "print('inner', end=' ')",
    "from its package": "from outer import NAME; print(NAME, end=' ')",
    "a part that is not finished": "import outer; print(outer.later.VALUE, end=' ')",
}


@pytest.mark.parametrize("body", INSIDE.values(), ids=INSIDE)
def test_a_module_is_imported_also_when_it_needs_its_package_whole(tmp_path, body):
    package = tmp_path / "outer"
    package.mkdir()
    (package / "__init__.py").write_text("from outer.inner import VALUE\nfrom outer import later\nNAME = 'whole'\n")
    (package / "inner.py").write_text("VALUE = 1\n")
    (package / "later.py").write_text("VALUE = 'later'\n")
    (package / "wanted.py").write_text(f"{body}\n")
    program = """
import sys
sys.path.insert(0, sys.argv[1])
from dragoman_server.transports.stdio import light_import
light_import.light("outer.wanted", ("outer",))
print(sys.modules["outer.wanted"].__name__)
"""
    assert run(program, tmp_path)[-1] == "outer.wanted"


def test_a_module_that_cannot_do_without_its_package_is_imported_as_usual(tmp_path):
    package = tmp_path / "outer"
    package.mkdir()
    (package / "__init__.py").write_text("SETTING = 1\n")
    (package / "wanted.py").write_text(
        "import sys\nif 'SETTING' not in vars(sys.modules['outer']): raise ImportError\n"
    )
    program = """
import sys
sys.path.insert(0, sys.argv[1])
from dragoman_server.transports.stdio import light_import
light_import.light("outer.wanted", ("outer",))
import outer
print(type(outer).__name__, outer.SETTING)
"""
    assert run(program, tmp_path) == ["module", "1"]
