-- The numbers of the sources in `fresh` that are stored already.
select digest, number from span_sources semi join fresh using (digest)
