"""What became of suggestions: the log, and the page that counts."""
