"""Delivery: the MCP server and the commands."""
