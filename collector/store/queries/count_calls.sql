-- How much left at most.
select coalesce(sum(calls), 0)::bigint as calls from (select distinct trace, calls from places)
