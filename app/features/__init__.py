"""What the window offers: one package for each, one line in program.py."""
