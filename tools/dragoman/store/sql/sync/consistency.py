"""Whether the tables of sync make sense."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.store.sql.connection import Connection, to_us, unbind
from dragoman.store.sql.sync import coverage_table, state_table


def problems(con: Connection) -> Iterator[str]:
    """A sentence for each row that cannot be read, or that contradicts another."""
    for account, id_, reach in list(con.execute("SELECT account, id, reach FROM sync_conversations")):
        try:
            conversation = unbind(id_)
            state_table.load(con, account, [conversation])
            covered = coverage_table.load(con, account, conversation).reach
        except ValueError:
            yield f"how far conversation {id_} of {account} is held cannot be read"
            continue
        # The reach is kept beside the spans for its index, and so can differ from them in a damaged file.
        if (None if covered is None else to_us(covered)) != reach:
            yield f"how far conversation {id_} of {account} is held contradicts its coverage"
    for (account,) in list(con.execute("SELECT account FROM sync_accounts")):
        state_table.load_account(con, account)
