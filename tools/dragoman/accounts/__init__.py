"""The configured accounts, and which of them a principal may use."""
