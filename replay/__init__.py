"""Logged inputs through a local model once, thresholds swept from the saved scores."""
