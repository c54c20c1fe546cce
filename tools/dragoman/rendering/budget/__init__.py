"""The token budget of an answer: estimates, shares, truncation."""
