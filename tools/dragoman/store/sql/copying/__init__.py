"""Moves a store from one database to another, and compares two."""
