"""MCP over the process's own pipes, answered before the SDK is there."""
