"""Files: open, edited, found, watched."""
