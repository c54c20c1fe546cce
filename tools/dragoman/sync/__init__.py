"""What is new in the accounts: asked of the services by their changes, or by reading what moved."""

from dragoman.sync.account_updates import AccountUpdates, read_updates
from dragoman.sync.position import UpdatePosition
from dragoman.sync.update import Update

__all__ = ["AccountUpdates", "Update", "UpdatePosition", "read_updates"]
