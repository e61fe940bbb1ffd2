"""Declared held against observed, both ways. Pure: rows and declarations in, findings out."""
