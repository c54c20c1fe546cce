"""What a tool is: its specification, arguments and call context."""
