"""The server in the Model Context Protocol's terms."""
