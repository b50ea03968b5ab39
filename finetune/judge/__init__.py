"""The proof: four arms on held-out code, the forgetting check, the verdict and the report."""
