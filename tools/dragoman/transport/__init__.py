"""Clients for HTTP and gRPC, and what both need: retries, rate limits, errors, credentials."""
