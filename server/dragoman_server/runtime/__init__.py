"""Parts of a server process that do not depend on its transports."""
