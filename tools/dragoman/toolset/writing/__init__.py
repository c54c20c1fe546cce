"""The tools that write: send_message, update_message and import_message.

Every write takes the same way: what the settings allow; whether it was made before; what somebody has to agree to;
the intent in the outbox; the service; the outcome in the outbox and the audit log; what the service stored.
"""

from dragoman.toolset.writing.importing import import_message
from dragoman.toolset.writing.sending import send_message
from dragoman.toolset.writing.updating import update_message

__all__ = ["import_message", "send_message", "update_message"]
