"""Steps of a sync, and what has to hold after each."""

from fake_chat import unfounded_claims

from dragoman.store.coverage import BEGINNING
from dragoman.sync.runner import accounts_to_sync, keep_current


async def sync(workspace, world):
    results = await keep_current(workspace, accounts_to_sync(workspace), watch=False, clock=world.clock)
    return {result.account: result for result in results}


async def summary(workspace, account="acc"):
    return await (await workspace.store()).sync.summary(account, BEGINNING)


async def require_no_unfounded_claim(workspace, world, account="acc"):
    chat = world.service(account)
    assert await unfounded_claims(await workspace.store(), chat, world.path, account) == []


def happen(random, chat):
    """Something in the service."""
    for _ in range(random.randrange(8)):
        chat.clock.now += random.random() * 3000
        room = random.choice([*chat.rooms, f"room {len(chat.rooms)}"])
        what = random.random()
        if what < 0.7 or room not in chat.rooms:
            chat.post(room, f"text {len(chat.arrived)}")
        elif what < 0.85:
            one = random.choice(chat.alive(room) or [None])
            if one is not None:
                chat.edit(room, one.id, f"{one.text}!")
        elif what < 0.95:
            one = random.choice(chat.alive(room) or [None])
            if one is not None and chat.clock is not None:
                chat.delete(room, one.id)
        else:
            chat.epoch += 1
