-- Erasure: whether anything of it was stored after the transaction $after.
select count(*)
from (
    (
        select 1
        from span_facts
        where commit_number > $after
            and (
                installation in (select unnest($pseudonyms)) or trace_id in (select unnest($traces))
            )
        limit 1
    )
    union all
    (
        select 1
        from inputs
        where commit_number > $after and installation in (select unnest($pseudonyms))
        limit 1
    )
)
