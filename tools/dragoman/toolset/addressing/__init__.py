"""From what a caller names to the conversation or message that is meant."""
