"""Measuring on a person's own repository: its latest commits are the test, what stood before them the help."""
