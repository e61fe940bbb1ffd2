-- What models said of the logged inputs of a trace, of each model the newest run that has it.
select
    lower(hex(i.span_id)) as span_id,
    r.model,
    arg_max(s.predicted, r.created) as predicted,
    arg_max(s.confidence, r.created) as confidence
from inputs i
join replay_scores s on s.number = i.number
join replays r on r.run = s.run and r.feature = i.feature
where i.trace_id = $trace and s.failure is null
group by all
order by span_id, r.model
