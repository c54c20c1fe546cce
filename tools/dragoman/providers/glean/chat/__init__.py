"""Glean Chat: its conversations, and prompts to it."""
