"""Bytes in, rows out; the only owner of the database file."""
