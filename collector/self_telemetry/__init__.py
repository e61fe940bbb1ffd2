"""What the collector tells about itself."""
