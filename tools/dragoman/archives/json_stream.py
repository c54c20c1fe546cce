"""A streaming reader of JSON that people and programs damaged.

It holds one value in memory at a time, and takes what a strict parser refuses: a byte order mark, invalid UTF-8,
control characters in strings, invalid escapes, lone surrogates, nesting without end, and files that end too early.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from dragoman.archives.fields import JsonObject, is_object
from dragoman.archives.json_blocks import COMMA, JsonBlocks
from dragoman.archives.json_mending import parse, scan
from dragoman.archives.json_scanner import Scanner, end_of
from dragoman.archives.notes import Notes
from dragoman.archives.text import LONGEST_MARK, encoding_of
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.safe_text import sentence

TakeItems = Callable[[list[object]], object]
"""Takes items of an array."""

CLOSED: Final = object()
"""The value of an event that says that an object ended."""

LARGEST_VALUE: Final = 16 << 20
"""Characters of a value that is held as a whole; a larger one is passed over."""

_CHUNK: Final = 64 << 10
_SKIPPED: Final = object()
_SPACE: Final = lazy_pattern(r"[ \t\r\n\ufeff\x00]*")


def pass_over(items: list[object]) -> None:
    """Take no items: only what stands around them is looked for."""
    del items


class _EarlyEndError(Exception):
    """The text ends within a value."""


class _DamagedError(Exception):
    """What stands between values is not JSON, so that nobody knows where the next one begins."""


class JsonReader:
    """Reads one file.

    Args:
        stream: The file.
        notes: Where entries that are left out are counted.
        file: How the user knows the file.
    """

    def __init__(self, stream: BinaryIO, notes: Notes, file: str) -> None:
        self._stream = stream
        self._notes = notes
        self._file = file
        self._text = ""
        self._at: int = 0
        self._lines = 1
        self._counted = 0
        self._has_halves = False
        self._ended = self._damaged = self._has_lines = False
        self._decoder: codecs.IncrementalDecoder | None = None
        self._arrays: set[str] = set()
        self._objects: set[str] = set()
        self._blocks = JsonBlocks()
        self._take_block: TakeItems | None = None
        self._item = 0

    @property
    def line(self) -> int:
        """The line of the value that was read last, from 1."""
        if self._has_lines:
            if self._item:
                self._at = self._blocks.end_of(self._item)
            self._lines += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._lines

    def has_more(self) -> bool:
        """Whether anything but white space follows, such as another value after the first one."""
        try:
            return not self._damaged and bool(self._peek())
        except _EarlyEndError:
            return False

    def objects(self, array: str) -> Iterator[JsonObject]:
        """The objects of one array; what stands there and is none is counted."""
        for value in (item for path, item in self.items(array) if path == array):
            if is_object(value):
                yield value
            else:
                self._notes.skip("no JSON object", self._file, self.line)

    def items(self, *arrays: str, take_block: TakeItems | None = None) -> Iterator[tuple[str, object]]:
        """The file's values with their paths, in order.

        The items of ``arrays`` come one by one, and so do the other members of the objects around them; all else
        comes as whole values. An object around items ends with an event whose value is :data:`CLOSED`.

        Args:
            arrays: Paths such as ``conversations[].messages[]``; ``[]`` is an array that is the whole file.
            take_block: Is given the items that are parsed together, as nearly all are; the others come one by one. It
                saves the steps of a generator for each item of which only few matter.
        """
        self._take_block = take_block
        self._arrays = {path[: sign.end()] for path in arrays for sign in re.finditer(r"\[\]", path)}
        self._objects = {path[: sign.start()] for path in arrays for sign in re.finditer(r"^(?!\[)|\.", path)}
        try:
            yield from self._value("")
        except _EarlyEndError:
            self._damaged = True
            self._notes.tell(sentence("{:300} ends too early; everything before that was read.", self._file))
        except _DamagedError:
            self._damaged = True
            self._notes.skip("the rest of the file is damaged", self._file, self.line)

    def _value(self, path: str) -> Iterator[tuple[str, object]]:
        sign = self._peek()
        if sign == "{" and path in self._objects:
            yield from self._object(path)
        elif sign == "[" and f"{path}[]" in self._arrays:
            yield from self._array(f"{path}[]")
        else:
            value = self._whole()
            # It was counted when it was left out.
            if value is not _SKIPPED:
                yield path, value

    def _object(self, path: str) -> Iterator[tuple[str, object]]:
        self._at += 1
        while self._peek() != "}":
            name = self._whole() if self._peek() == '"' else None
            if not isinstance(name, str) or self._peek() != ":":
                raise _DamagedError
            self._at += 1
            yield from self._value(f"{path}.{name}".removeprefix("."))
            self._comma("}")
        self._at += 1
        yield path, CLOSED

    def _array(self, path: str) -> Iterator[tuple[str, object]]:
        self._at += 1
        holds_others = path in self._objects or f"{path}[]" in self._arrays
        while self._peek() != "]":
            if holds_others:
                yield from self._value(path)
            else:
                yield from self._whole_items(path)
                value = self._whole()
                if value is not _SKIPPED:
                    yield path, value
            self._comma("]")
        self._at += 1

    def _whole_items(self, path: str) -> Iterator[tuple[str, object]]:
        """The next items that the text holds whole, each with the beginning of the one behind it: nearly all."""
        text, next_one = self._text, self._at
        while True:
            block = self._blocks.values(text, next_one)
            if block is not None:
                if self._take_block is not None:
                    self._take_block(block[0])
                else:
                    for self._item, value in enumerate(block[0], 1):
                        yield path, value
                self._item, self._at = 0, block[1]
                next_one = self._at
                continue
            try:
                value, end = scan(text, next_one)
            except (ValueError, StopIteration, RecursionError):
                return
            comma = COMMA.match(text, end)
            # The last item of the array, one that is cut off, or one that needs mending: `_whole` reads it.
            if comma is None or (self._has_halves and self._has_surrogates(end)):
                return
            self._at = end
            yield path, value
            self._blocks.learn(text, end)
            self._at = next_one = comma.end()

    def _comma(self, end: str) -> None:
        sign = self._peek()
        if sign == ",":
            self._at += 1
        elif sign != end:
            raise _DamagedError

    def _peek(self) -> str:
        """The next sign that is no white space.

        Raises:
            _EarlyEndError: There is none.
        """
        text, at = self._text, self._at
        if at < len(text) and text[at] > " " and text[at] != "\ufeff":
            return text[at]
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                raise _EarlyEndError

    def _fill(self) -> bool:
        """Read on, twice as much each time a value did not fit; ``False`` at the end of the file."""
        if self._ended:
            return False
        rest = self._text[self._at :]
        # Now, because lines are counted in the text that is cut off below.
        self._lines, self._counted = self.line, 0
        data = self._stream.read(max(_CHUNK, len(rest)))
        if self._decoder is None:
            # Packed and piped files may give a few bytes at a time.
            while len(data) < LONGEST_MARK and (more := self._stream.read(_CHUNK)):
                data += more
            encoding, length = encoding_of(data)
            self._decoder = codecs.getincrementaldecoder(encoding)("replace")
            fresh = self._decoder.decode(data[length:])
        else:
            fresh = self._decoder.decode(data, final=not data)
        self._ended = not data
        self._text, self._at = rest + fresh, 0
        self._has_lines = "\n" in self._text
        # Looked for once for all values of the text: hardly any file has such an escape. One sign is found much faster.
        self._has_halves = "\\" in self._text and ("\\ud" in self._text or "\\uD" in self._text)
        return bool(data) or bool(fresh)

    def _whole(self) -> object:
        """The value at the current place, or ``_SKIPPED`` when it is counted and left out."""
        while True:
            try:
                value, end = scan(self._text, self._at)
            except (ValueError, StopIteration, RecursionError):
                end = end_of(self._text, self._at)
                value = None
            else:
                if self._text[self._at] not in '{["':
                    end = end_of(self._text, self._at)  # a number may go on
            if end:
                return self._taken(value, end)
            # Before more is read: a value without an end would fill the memory.
            if len(self._text) - self._at > LARGEST_VALUE:
                return self._pass_over()
            if not self._fill() and self._ended:
                raise _EarlyEndError

    def _taken(self, value: object, end: int) -> object:
        # `None` is a null, or stands for a failure; the second look tells which.
        is_sure = value is not None and not (self._has_halves and self._has_surrogates(end))
        raw = "" if is_sure else self._text[self._at : end]
        if raw:
            try:
                value = parse(raw)
            except ValueError:
                self._notes.skip("no valid JSON", self._file, self.line)
                value = _SKIPPED
        self._at = end
        return value

    def _has_surrogates(self, end: int) -> bool:
        return self._text.find("\\ud", self._at, end) >= 0 or self._text.find("\\uD", self._at, end) >= 0

    def _pass_over(self) -> object:
        """Leave a value out that is too large, without holding it."""
        line = self.line
        scanner = Scanner()
        while True:
            self._at = scanner.feed(self._text, self._at)
            if scanner.done:
                break
            if not self._fill():
                raise _EarlyEndError
        self._notes.skip("an entry larger than 16 MiB", self._file, line)
        return _SKIPPED
