"""Commands that show tools, accounts, health, usage and the audit log."""
