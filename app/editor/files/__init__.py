"""Text files: read and saved without changing a byte that was not edited. No widgets."""
