"""How a file's bytes become text: which encoding they are in, and where bytes without a character go."""
