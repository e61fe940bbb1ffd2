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
