-- What may belong to it, and what of it may be rolled up; looked for part by part.
create temp table near as from spans_near('anew', 0, -1);
create temp table rolled as from rolled_near('anew', 0, -1)
