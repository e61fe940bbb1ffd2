-- Placement tokens: mean tokens of generative calls by feature; a call that says none of both is left out.
-- dimensions: app environment release
with calls as (
    select
        coalesce(app, 'unknown') as app,
        coalesce(environment, 'unknown') as environment,
        coalesce(release, 'unknown') as release,
        feature,
        coalesce(gen_ai_input_tokens, 0) + coalesce(gen_ai_output_tokens, 0) as tokens
    from spans
    where time >= $from and time < $to and kind = 'CLIENT' and feature is not null
        and (gen_ai_input_tokens is not null or gen_ai_output_tokens is not null)
)
select feature, avg(tokens) as tokens_each
from calls
where true {where}
group by feature
