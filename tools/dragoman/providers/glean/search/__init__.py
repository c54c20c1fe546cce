"""Search at Glean: the request, its hits and its cursor."""
