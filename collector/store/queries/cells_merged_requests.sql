-- Requests of what has at least k installations, each in its cell.
requests as (
    select r.* {replaced} from cell_rows r join cells c on {same:raw:c:r}
)
