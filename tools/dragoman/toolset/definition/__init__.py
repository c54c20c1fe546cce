"""Tools as data: specification, arguments and call context."""
