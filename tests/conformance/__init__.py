"""The rows of `docs/conformance.md`, each shown on a running collector."""
