"""What the other packages may import: names, policy, configuration, errors, records, client."""
