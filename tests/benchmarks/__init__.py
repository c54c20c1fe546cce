"""What the program costs, each figure against a baseline that is measured in the same run."""
