"""HTTP in front of the pipeline and of the query API."""
