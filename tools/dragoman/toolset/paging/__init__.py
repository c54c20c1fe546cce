"""Pages out of feeds: resumable iteration, merging, filters."""
