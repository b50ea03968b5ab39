"""The code editor: a plain-text widget with ghost text, and reading and saving files without changing a byte."""
