"""Data files: the model catalogue, themes, icons and translations. Read with importlib.resources."""
