"""What was asked and answered since a position, in the conversations that the service says have changed."""

from datetime import timedelta

import pytest
from datagrid_service import BEGINNING, Datagrid, opened

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]


async def test_new_messages_of_old_and_new_conversations_are_told_once_and_a_quiet_round_is_one_request():
    datagrid = Datagrid()
    for number in range(5):
        datagrid.converse_about(f"conv {number}", ["Where?", "There."], at=BEGINNING + timedelta(minutes=number))
    async with opened(datagrid) as account:
        position = (await account.changes(None)).position
        later = BEGINNING + timedelta(hours=1)
        new = [*datagrid.converse_about("conv 0", ["And now?", "Here."], at=later)[2:]]
        new += datagrid.converse_about("conv new", ["Hello"], at=later + timedelta(minutes=1))
        changes = await account.changes(position)
        assert [one.id for one in changes.messages] == new
        datagrid.journal.clear()
        quiet = await account.changes(changes.position)
    assert (quiet.messages, quiet.more) == ([], False)
    assert [one.operation for one in datagrid.journal] == ["GET /conversations"]
