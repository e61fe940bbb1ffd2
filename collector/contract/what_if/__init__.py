"""What would have become of one request under other circumstances."""
