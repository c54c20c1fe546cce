"""Accounts and clients set up: the commands ``init``, ``install`` and ``uninstall``."""
