-- What did not come of the requests in them, gap by gap.
select
    day, app, environment, release, feature, os, model, installation, lost, repeated
from merged_gaps
where lost > 0 or repeated > 0
