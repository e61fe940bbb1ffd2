-- The numbers of the contexts in `fresh` that are stored already.
select digest, number from span_contexts semi join fresh using (digest)
