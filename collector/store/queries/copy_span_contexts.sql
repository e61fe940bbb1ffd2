-- Copies the contexts that copied spans name; those that no span names are left behind.
insert into fresh.span_contexts by name
select *
from span_contexts
where number in (select context from fresh.span_facts where commit_number > $after)
    and number not in (select number from fresh.span_contexts)
