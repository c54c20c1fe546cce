"""What a store does with tables, the same for every SQL database."""
