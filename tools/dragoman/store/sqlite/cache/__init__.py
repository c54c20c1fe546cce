"""Caches over the SQLite file, valid until any process writes to it."""
