"""What a reader could not take, counted and told with file and line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from dragoman.core.safe_text import SafeText, Sentence, safe, sentence

EXAMPLES: Final = 5
"""How many places of a reason are named."""

_MOST_SENTENCES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something to tell the user.

    Attributes:
        text: A reason such as ``no time``, or a whole sentence when ``skipped`` is 0.
        skipped: How many entries were left out for this reason.
        file: Where, as the user knows the file.
        line: Line within it, from 1.
        column: Character within the line, from 1.
        on_purpose: The entries could be read, and are left out on purpose.
    """

    text: Sentence
    skipped: int = 0
    on_purpose: bool = False
    file: str = ""
    line: int | None = None
    column: int | None = None

    @property
    def place(self) -> SafeText:
        """File, line and column."""
        if self.line is None:
            return sentence("{:300}", self.file) if self.file else SafeText()
        column = SafeText() if self.column is None else sentence(", column {}", self.column)
        return sentence("{:300}, line {}{}", self.file, self.line, column)


@dataclass(slots=True)
class Reason:
    """Entries that were left out for one reason; ``places`` names the first of them.

    Attributes:
        on_purpose: They could be read, and are left out on purpose.
    """

    count: int = 0
    on_purpose: bool = False
    places: list[SafeText] = field(default_factory=list[SafeText])


@dataclass(slots=True)
class Notes:
    """Collects notes; takes bounded memory.

    Attributes:
        reasons: Skipped entries by reason.
        sentences: What else is to be told, each once.
    """

    reasons: dict[SafeText, Reason] = field(default_factory=dict[SafeText, Reason])
    sentences: dict[SafeText, None] = field(default_factory=dict[SafeText, None])

    @property
    def skipped(self) -> int:
        """How many entries were left out."""
        return sum(reason.count for reason in self.reasons.values())

    @property
    def has_flaws(self) -> bool:
        """Whether anything could not be read, or is told."""
        return bool(self.sentences) or any(not reason.on_purpose for reason in self.reasons.values())

    def skip(
        self, reason: Sentence, file: str = "", line: int | None = None, column: int | None = None, *, count: int = 1
    ) -> None:
        """Count an entry that is left out.

        Args:
            reason: Why, in a few words that are the same for all such entries.
            file: The file that holds it.
            line: Its line, from 1.
            column: The character within the line where it cannot be read on, from 1.
            count: How many entries.
        """
        self.add(Note(text=reason, skipped=count, file=file, line=line, column=column))

    def leave_out(self, reason: Sentence, file: str = "", line: int | None = None) -> None:
        """Count an entry that could be read and is left out on purpose."""
        self.add(Note(text=reason, skipped=1, file=file, line=line, on_purpose=True))

    def tell(self, text: Sentence) -> None:
        """Tell a sentence once."""
        self.add(Note(text=text))

    def add(self, note: Note) -> None:
        """Add a note."""
        if note.skipped:
            reason = self.reasons.setdefault(safe(note.text), Reason(on_purpose=note.on_purpose))
            reason.count += note.skipped
            if note.place and len(reason.places) < EXAMPLES:
                reason.places.append(note.place)
        # Sentences name files, of which an archive may have any number.
        elif len(self.sentences) < _MOST_SENTENCES:
            self.sentences.setdefault(safe(note.text))
