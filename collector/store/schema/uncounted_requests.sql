-- When the day of a time began, which a period that ends then cuts.
create or replace macro midnight(time) as time - time % 86400000000000;
-- Requests that began in [since, until) and before `first_day` or on the day that `until` cuts, or are
-- not rolled up yet. Of the spans only these parts are read, and then joined once.
create or replace macro uncounted_requests(since, until, first_day) as table
with uncounted as (
    select f.*, s.* exclude (number, digest), c.* exclude (number, digest),
        f.start_time is null as time_believed
    from (
        select *
        from span_facts
        where time >= since and time < until and (time < first_day or time >= midnight(until))
        union all
        select *
        from span_facts
        where commit_number > (select coalesce(max(commit_number), -1) from rollup_state)
            and time >= first_day and time < midnight(until)
    ) f
    join span_sources s on s.number = f.source
    join span_contexts c on c.number = f.context
)
{requests}
