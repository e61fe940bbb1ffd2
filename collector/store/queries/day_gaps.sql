-- What did not come of the requests in them.
select
    day, app, environment, release, feature, os, model,
    sum(lost) as lost, sum(repeated) as repeated
from merged_gaps
group by all
having sum(lost) > 0 or sum(repeated) > 0
