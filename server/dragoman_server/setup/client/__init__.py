"""`dragoman install`: the entry in a client's list of servers."""
