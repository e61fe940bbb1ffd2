"""Questions in, pictures out: the query API over HTTP; no SQL, no arithmetic but one sum."""
