"""Settings: reading, checking, and telling their mistakes."""
