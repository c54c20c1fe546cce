"""MCP over Streamable HTTP: safe to expose, any number of processes on one store."""
