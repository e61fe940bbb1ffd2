-- The requests among the spans that stand at the `places`, a table of their rowids: they are joined once
-- it is known which these are.
create or replace macro requests_at(places) as table
with uncounted as (
    select f.*, s.* exclude (number, digest), c.* exclude (number, digest),
        f.start_time is null as time_believed
    from (select * from span_facts where rowid in (select place from query_table(places))) f
    join span_sources s on s.number = f.source
    join span_contexts c on c.number = f.context
)
{requests}
