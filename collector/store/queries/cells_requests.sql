-- Requests as they stood when the last day ended. A launch ends with its day: what is left out of
-- another day is no gap.
cell_rows as (
    select
        * replace (launch || encode(cast(day as varchar)) as launch),
        coalesce(duration >= 0, false) as timed
    from main.requests
    where time >= $from and time < $to and received_time < $settled
)
