-- Copies the sources that copied spans name; those that no span names are left behind.
insert into fresh.span_sources by name
select *
from span_sources
where number in (select source from fresh.span_facts where commit_number > $after)
    and number not in (select number from fresh.span_sources)
