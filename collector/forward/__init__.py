"""Passes what was stored on to another OTLP/HTTP backend: redacted, at least once."""
