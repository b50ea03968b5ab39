"""A decode path of our own for common decoder shapes: fused products, packed weights, a KV cache in place."""
