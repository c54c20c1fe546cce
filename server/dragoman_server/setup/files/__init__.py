"""Changing other people's files without losing what is in them."""
