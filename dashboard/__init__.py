"""Questions in, pictures out: reads only the query API, over HTTP; no SQL and no arithmetic."""
