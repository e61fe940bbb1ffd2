-- Release models: the models that ran in two releases, by feature, the most used first.
-- dimensions: app environment feature os device_model country network model runtime delegate hour day
select feature, release = $release as newer, model, count(*) as requests
from requests
where time >= $from and time < $to and release in ($release, $against) and model <> 'unknown' {where}
group by feature, release, model
order by feature, newer, requests desc, model
