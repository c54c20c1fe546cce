"""The common language of all parts: model, errors, references, queries, sanitizing."""
