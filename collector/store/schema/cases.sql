-- What replays are over, as queries take it. Logged inputs of a feature and a period received, up to a
-- number: of those that were cut to a sample since, what is below the least cut.
create or replace macro run_inputs(of_feature, up_to, since, until) as table
select *
from inputs
where feature = of_feature and number <= up_to
    and received_time >= since and received_time < until
    and draw < coalesce(
        (select min(share) from input_cuts where feature = of_feature and time > since), 1
    );
-- Requests of a feature by a model that a phone names, up to a transaction.
create or replace macro run_spans(of_feature, of_model, up_to, since, until) as table
select *
from spans
where feature = of_feature and decision is not null
    and coalesce(model_name || '@' || model_version, model_name) = of_model
    and commit_number <= up_to
    and received_time >= since and received_time < until;
-- The spans of the traces in `chosen`, each the first of its id, with the bytes it sent.
create or replace macro nodes_of(chosen) as table
select
    s.*,
    case
        when s.kind = 'CLIENT'
            then coalesce(s.egress_bytes, s.http_request_body_size, s.http_request_size)
    end as sent
from spans s
semi join query_table(chosen) c on c.trace_id = s.trace_id
qualify row_number() over (partition by s.trace_id, s.span_id order by s.start_time) = 1;
-- What a model endpoint answered to each `request` of `nodes`, and the bytes sent for it: of the first send
-- that one answered.
create or replace macro cloud_answers(nodes) as table
with recursive climb as (
    select
        trace_id, span_id as server, time, output_label, parent_span_id as parent,
        cast(null as bigint) as sent, 0 as depth
    from query_table(nodes)
    where kind = 'SERVER' and output_label is not null
    union all
    select
        c.trace_id, c.server, c.time, c.output_label, p.parent_span_id,
        coalesce(c.sent, p.sent), c.depth + 1
    from climb c
    join query_table(nodes) p on p.trace_id = c.trace_id and p.span_id = c.parent
    where c.depth < 8
)
select
    trace_id, parent as request,
    arg_min(output_label, time) as output_label,
    arg_min(sent, time) as sent
from climb
where parent is not null
group by trace_id, parent;
