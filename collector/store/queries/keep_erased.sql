-- Erasure: the spans of the `erased_traces`, of which those are to be deleted that the
-- `erased_installations` sent or no installation; and the requests that are counted of these. Of tables
-- of their own it is known how few these are; where spans are is looked for first, in one column. And the
-- runs that were swept and scored one of the `erased_inputs`, whose scores a sweep's points are; of runs
-- over spans those that a request may be in that is deleted.
create temp table known_traces as from erased_traces;
create temp table known_installations as from erased_installations;
create temp table places as
select rowid as place from span_facts where trace_id in (select trace_id from known_traces);
create temp table traced_spans as
with traced as materialized (
    select
        rowid as place, commit_number, context, trace_id, span_id, parent_span_id, time, start_time,
        received_time, installation
    from span_facts
    where rowid in (select place from places)
)
select
    * exclude (installation),
    installation is null or installation in (select installation from known_installations) as erased
from traced;
create temp table erased_requests as
select *
from requests
where installation in (select installation from known_installations)
    and commit_number <= (select coalesce(max(commit_number), -1) from rollup_state)
union all
select *
from requests
where installation is null
    and trace_id in (select trace_id from known_traces)
    and commit_number <= (select coalesce(max(commit_number), -1) from rollup_state);
create temp table erased_sweeps as
select distinct run
from sweeps
where run in (
    select run from replay_scores where number in (select number from erased_inputs)
    union all
    select r.run
    from replays r
    join (
        select c.feature, t.commit_number, t.received_time
        from traced_spans t
        join span_contexts c on c.number = t.context
        where t.erased
    ) s
        on s.feature = r.feature and s.commit_number <= r.last_number
        and s.received_time >= r.since and s.received_time < r.until
    where r.source = 'spans'
)
