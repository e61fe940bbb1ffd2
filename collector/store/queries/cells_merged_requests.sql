-- Requests of what has at least k installations, each in its cell.
cells as (select distinct {raw} {told} from {last}_placed),
requests as (
    select r.* {replaced} from cell_rows r join cells c on {same:raw:c:r}
)
