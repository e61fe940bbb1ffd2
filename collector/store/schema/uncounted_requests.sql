-- Requests that began in [since, until) and before `first_day`, or are not rolled up yet. Of the spans
-- only these parts are read, and then joined once.
create or replace macro uncounted_requests(since, until, first_day) as table
with uncounted as (
    select f.*, s.* exclude (number, digest), c.* exclude (number, digest),
        f.start_time is null as time_believed
    from (
        select * from span_facts where time >= since and time < least(first_day, until)
        union all
        select *
        from span_facts
        where commit_number > (select coalesce(max(commit_number), -1) from rollup_state)
            and time >= first_day and time < until
    ) f
    join span_sources s on s.number = f.source
    join span_contexts c on c.number = f.context
)
{requests}
