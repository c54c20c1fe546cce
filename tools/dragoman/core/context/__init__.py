"""Ambient services of a call: clock, progress, instrumentation, impersonation."""
