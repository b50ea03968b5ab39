"""Models on a graphics card: steps of fixed shape, recorded once and replayed, over transformers' models."""
