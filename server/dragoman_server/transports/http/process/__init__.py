"""Server processes: the command, the workers and their supervisor."""
