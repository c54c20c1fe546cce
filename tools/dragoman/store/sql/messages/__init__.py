"""Messages, conversations and their numbers in tables."""
