"""TFLite models and their registry: cards, digests, size budget, preprocessing, interpreters."""
