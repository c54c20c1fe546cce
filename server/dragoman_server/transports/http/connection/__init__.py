"""Bounds on what one HTTP connection may send and hold."""
