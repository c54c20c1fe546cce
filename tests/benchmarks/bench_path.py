"""How much of the product one call goes through: files entered, and functions called, of the product alone.

Counted, not timed. A reader who follows the call has to know that much. Modules are imported before, as a server has
them ready, and the bodies of modules and classes are not counted; neither are generators and comprehensions, which
are parts of their function.
"""

from __future__ import annotations

import inspect
import sys
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, FrameType
from typing import Final

import anyio
from tests.benchmarks import service_answers
from tests.benchmarks.bench_services import serving
from tests.benchmarks.figures import show

from dragoman.store import open_store
from dragoman.testing import connect
from dragoman_server.config.load import from_mapping
from dragoman_server.runtime.preload import preload

ROOT: Final = Path(__file__).parents[2]
PRODUCT: Final = tuple(str(ROOT / package) for package in ("tools/dragoman", "server/dragoman_server"))
FIRST_FILES, FIRST_FUNCTIONS = 54, 320
FILES, FUNCTIONS = 40, 166
"""Bounds: lower one when the figure falls."""

_PARTS: Final = frozenset({"<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>"})


def main() -> int:
    """Print the figures of a first call and of its repetition; 1 when a bound is missed."""
    with serving(service_answers.convore()) as address:
        first, again = anyio.run(_calls, address)
    holds = [
        show("files of one list_messages (Convore, first call)", len(_files(first)), FIRST_FILES, unit="files"),
        show("functions of one list_messages (Convore, first call)", len(first), FIRST_FUNCTIONS, unit="functions"),
        show("files of the same call again", len(_files(again)), FILES, unit="files"),
        show("functions of the same call again", len(again), FUNCTIONS, unit="functions"),
    ]
    if "-v" in sys.argv:
        for file, number in sorted(_files(first).items()):
            names = sorted(name for where, name in first if where == file)
            sys.stdout.write(f"{number:4} {file}: {', '.join(names)}\n")
    return int(not all(holds))


async def _calls(address: str) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    account = {"provider": "convore", "base_url": address, "token": "t"}
    settings = {"timezone": "UTC", "accounts": {"it": account}}
    asked = {"conversation": "it:conv_1", "limit": 100, "max_tokens": 20_000}
    recorder = Recorder()
    found = list[set[tuple[str, str]]]()
    with TemporaryDirectory() as data, recorder.installed():
        async with open_store(Path(data) / "dragoman.db"):
            pass  # a server makes its store once, and opens it ever after
        async with connect(settings, data=data) as client:
            preload(from_mapping(settings))  # where a server does: once its own modules are there
            await client.list_tools()  # every client has the list before it calls
            for _ in range(2):
                recorder.codes.clear()
                # By the SDK's own method: short ways of calling that tests have are no part of the path.
                answer = await client.call_tool("list_messages", asked)
                found.append(recorder.called())
                assert str(answer.content).count("is done, p99") == service_answers.HUNDRED, answer
    return found[0], found[1]


class Recorder:
    """Notes every function that is called, in this thread and in those that begin after it was installed."""

    def __init__(self) -> None:
        self.codes = set[CodeType]()

    @contextmanager
    def installed(self) -> Generator[None]:
        """Note from here on."""

        def note(frame: FrameType, event: str, _: object) -> None:
            if event == "call":
                self.codes.add(frame.f_code)

        threading.setprofile(note)
        sys.setprofile(note)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def called(self) -> set[tuple[str, str]]:
        """The product's functions among them, as file and qualified name."""
        return {(_place(code), code.co_qualname) for code in tuple(self.codes) if _counts(code)}


def _counts(code: CodeType) -> bool:
    is_function = code.co_flags & inspect.CO_OPTIMIZED and code.co_name not in _PARTS
    return bool(is_function) and code.co_filename.startswith(PRODUCT)


def _place(code: CodeType) -> str:
    return str(Path(code.co_filename).relative_to(ROOT))


def _files(called: set[tuple[str, str]]) -> Counter[str]:
    return Counter(file for file, _ in called)


if __name__ == "__main__":
    sys.exit(main())
