"""What makes a shell complete commands: click's scripts, and what bash and zsh need for ``key=value`` beside them."""

from __future__ import annotations

import os
from typing import Final

from click.shell_completion import BashComplete, ShellComplete, ZshComplete, add_completion_class, split_arg_string

_BASH: Final = """\
%(complete_func)s() {
    local line="${COMP_LINE:0:COMP_POINT}" begun="${COMP_WORDS[COMP_CWORD]}" kind value
    [[ $begun == [=:] ]] && begun=
    local before="${line##*[[:space:]]}" # bash ends a word at = and : and keeps what stands before
    before="${before%%"$begun"}"
    COMPREPLY=()
    while IFS=, read -r kind value; do
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("${value#"$before"}") ;;
        esac
        [[ $value == *= ]] && compopt -o nospace
    done < <(COMP_WORDS="$line" %(complete_var)s=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_ZSH: Final = {
    "    local -a response\n": "    local -a response\n    [[ $PREFIX == --*=* ]] && compset -P '*='\n",
    "compadd -U -V unsorted -a completions": (
        "compadd -V unsorted -S '' -- ${(M)completions:#*=}\n"  # a value follows, no space
        "        compadd -V unsorted -- ${completions:#*=}"
    ),
}


class _Bash(BashComplete):
    """bash, which cuts words at ``=`` and ``:``; the words are those of the line instead."""

    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is being typed, and that one."""
        # Our script puts the line up to the cursor here; click's own would put words cut at `=` and `:`.
        line = os.environ["COMP_WORDS"]
        _, *words = split_arg_string(line)
        begun = words.pop() if words and not line[-1:].isspace() else ""
        return words, begun


class _Zsh(ZshComplete):
    """zsh, without a space behind what ends with ``=``, and with ``--option=value`` as one word of two halves."""

    def source(self) -> str:
        """The script."""
        script = super().source()
        for usual, ours in _ZSH.items():
            script = script.replace(usual, ours)
        return script


_OURS: Final[tuple[type[ShellComplete], ...]] = (_Bash, _Zsh)


def register() -> None:
    """Have click use these, before it answers a shell or prints a script."""
    for shell in _OURS:
        add_completion_class(shell)
