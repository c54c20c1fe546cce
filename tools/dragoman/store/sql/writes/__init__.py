"""Outbox, confirmations and audit log."""
