"""Parts of an answer that both forms show: facts, highlights, times, threads."""
