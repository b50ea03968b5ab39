"""What a run will learn from."""
