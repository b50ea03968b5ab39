"""The text view: where lines are, what is painted in and between them, which of them are seen."""
