"""Search in the messages of a table."""
