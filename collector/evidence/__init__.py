"""The evidence pack: one file that shows what left, and is checked without a collector."""
