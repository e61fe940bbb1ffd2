-- What left for requests, in the cell of those like it.
merged_sent as (
    select r.* {replaced}
    from sent_for_requests($from, $to, false) r
    join cells c on {same:raw:c:r}
    where r.received < day_of($settled)
)
