-- The keys of attributes that nobody names, and of those that are found by their key.
select
    f.field as key,
    list_sort(list(distinct f.code)) as codes,
    list_sort(list(distinct f.place)) as places,
    list_sort(list(distinct f.value_type) filter (f.value_type is not null)) as types,
    cast(sum(f.occurrences) filter (f.value_type is not null or f.sketch > 0) as bigint)
        as occurrences,
    told_apart(
        f.sketch, sum(f.occurrences) filter (f.value_type is not null or f.sketch > 0)
    ) as distinct_values
from (
    select unnest(findings) as f
    from batches
    where received_time >= $from and received_time < $to and findings is not null
)
group by f.field
having bool_or(f.code = 'UNKNOWN_ATTRIBUTE' or f.detector = 'key')
order by occurrences desc nulls last, key
