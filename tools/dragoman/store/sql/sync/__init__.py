"""How current a store in tables is: leases, what sync has read, coverage, arrivals."""
