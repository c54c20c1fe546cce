"""Read and write messages in any messaging system."""
