-- Departures as they stood when the last day ended.
cell_rows as (
    select * from departures($from, $to, null) where received_time < $settled
)
