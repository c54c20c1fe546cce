"""Glean's answers, and their translation into the model."""
