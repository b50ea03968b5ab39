"""What programs ask of the system: files that are whole, JSON lines, locks, and processes."""
