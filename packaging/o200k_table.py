"""Write the table of the o200k vocabulary that token counts need: its tokens of more than one byte, by rank.

Run after a change of the vocabulary, which is not expected: ``python packaging/o200k_table.py``.
"""

from __future__ import annotations

import zlib
from pathlib import Path

from rs_bpe.bpe import openai

TABLE = Path(__file__).parents[1] / "tools/dragoman/rendering/budget/o200k.zlib"
SIZE = 199_998
SEPARATOR = b"\xff"  # in no token of more than one byte, because those are parts of UTF-8


def main() -> None:
    """Compress the tokens, the one with the lowest rank first."""
    decode = openai.o200k_base().bpe().decode_tokens
    tokens = [token for token in (bytes(decode([rank])) for rank in range(SIZE)) if len(token) > 1]
    if any(SEPARATOR in token for token in tokens):
        raise ValueError("the separator occurs in a token")
    TABLE.write_bytes(zlib.compress(SEPARATOR.join(tokens), 9))


if __name__ == "__main__":
    main()
