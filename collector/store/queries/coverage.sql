-- How much was seen of each feature of each release, and of the release: feature is null there.
select
    app, release, feature,
    count(*) as requests,
    count(distinct installation) as installations,
    count(distinct session) as sessions,
    min(time) as first,
    max(time) as last
from requests
where time >= $from and time < $to
    and ($app is null or app = $app)
    and ($environment is null or environment = $environment)
    and ($release is null or release = $release)
group by grouping sets ((app, release, feature), (app, release))
order by all
