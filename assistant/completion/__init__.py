"""Completion: from a file and a cursor to a suggestion that can be shown."""
