"""What a policy could say, from what was seen: rows in, a draft out. Nothing here is decided."""
