"""What became of suggestions, kept on this machine only: counts and shares, never a line of code."""
