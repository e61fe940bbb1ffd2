-- Volume: how many requests there are.
-- dimensions: app environment feature release os device_model country network model runtime delegate threshold_version placement decision reason hour day
-- requests count: requests in the period; of days that expired what was kept of them
select cast(coalesce(sum(n), 0) as bigint) as requests {by}
from {ever}
where true {where}
group by all
having sum(n) > 0 or $whole
order by requests desc {by}
