"""Facts about a repository: its files, languages, symbols, history and holes. Nothing is measured here."""
