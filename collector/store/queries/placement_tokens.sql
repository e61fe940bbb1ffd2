-- Mean tokens of generative calls in [from, to) by feature; a call that says none of both is left out.
select
    feature,
    avg(coalesce(gen_ai_input_tokens, 0) + coalesce(gen_ai_output_tokens, 0)) as tokens_each
from spans
where time >= $from and time < $to and kind = 'CLIENT' and feature is not null
    and (gen_ai_input_tokens is not null or gen_ai_output_tokens is not null)
group by feature
