"""What the service writes, for the person who asks why something failed."""
