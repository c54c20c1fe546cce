"""How the server is reached: stdio, HTTP, in memory."""
