"""Transports of the server: stdio, HTTP, in memory."""
