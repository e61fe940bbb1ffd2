-- The features of requests, and where apps say they are planned to run.
select
    feature,
    count(*) as requests,
    count(distinct installation) as installations,
    coalesce(
        list_sort(list(distinct placement) filter (not placement_inferred)), []
    ) as placements
from requests
where time >= $from and time < $to
group by feature
order by feature
