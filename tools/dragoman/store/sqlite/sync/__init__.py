"""How current a store in a SQLite file is: leases, what sync has read, coverage, arrivals."""
