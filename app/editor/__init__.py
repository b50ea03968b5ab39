"""The code editor: a plain-text widget with ghost text; ``view`` shows the text, ``files`` reads and saves it."""
