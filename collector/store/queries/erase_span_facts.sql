-- Erasure: the spans of the `erased_installations`, and in the `erased_traces` those that no
-- installation sent.
delete from span_facts
where
    installation in (select installation from erased_installations)
    or (installation is null and trace_id in (select trace_id from erased_traces))
