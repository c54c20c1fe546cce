"""What a server process needs around its transports."""
