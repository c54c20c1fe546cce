"""Readers of the files that people export from other systems."""
