"""What every part speaks: model, errors, references, queries, sanitizing."""
