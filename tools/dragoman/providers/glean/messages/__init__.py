"""Messages of Glean's indexed conversations, page by page."""
