-- Requests of a day in their cells, counted.
select
    day, app, environment, release, feature, os, model, country, device_model, network, placement,
    decision, blocked_reason, sum(n) as n
from requests
group by all
