"""What leaves a run: the adapter in the store, merged weights, GGUF."""
