"""No recording lies here unused."""

from importlib import import_module

from datagrid_replay import claimed, names

OUTSIDE = {
    "agents-list": "names come from reading each agent that a page mentions",
    "conversations-delete": "nothing deletes conversations",
    "conversations-delete-404": "nothing deletes conversations",
    "conversations-update": "nothing renames conversations",
    "converse-input-list": "prompts are plain text",
    "files-create": "nothing uploads files",
    "messages-list-both-cursors": "the combination is not documented, so it is never sent",
    "search-messages-in-results": "the search is deprecated and cannot be asked for messages; the local index is used",
}


def test_every_recording_is_replayed_or_outside_for_a_reason():
    for module in ("test_datagrid_golden", "test_datagrid_golden_talking"):
        import_module(module)  # its tests claim what they replay
    assert claimed | OUTSIDE.keys() == set(names())
    assert not claimed & OUTSIDE.keys()
