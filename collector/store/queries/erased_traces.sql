-- The traces that hold a span of some installations, or an input.
select distinct trace_id from span_facts where installation in (select unnest($pseudonyms))
union
select distinct trace_id from inputs where installation in (select unnest($pseudonyms))
