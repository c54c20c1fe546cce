"""The JSON form: one schema for every provider, compact, without nulls and defaults."""
