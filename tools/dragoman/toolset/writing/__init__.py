"""The tools that write: send_message, update_message and import_message.

Every write runs through one pipeline: permission, duplicates, consent, outbox, service, audit log, read-back.
"""

from dragoman.toolset.writing.importing import import_message
from dragoman.toolset.writing.sending import send_message
from dragoman.toolset.writing.updating import update_message

__all__ = ["import_message", "send_message", "update_message"]
