-- Erasure: the spans of the `erased_installations`, and in the `erased_traces` those that no
-- installation sent.
delete from span_facts where rowid in (select place from traced_spans where erased)
