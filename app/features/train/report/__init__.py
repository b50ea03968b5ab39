"""What a run has proved."""
