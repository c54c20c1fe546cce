"""What Glean sends, and its translation into the model."""
