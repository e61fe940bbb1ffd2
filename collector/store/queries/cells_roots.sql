-- What cells are never merged across, where there are at least k installations in it.
cell_seen as materialized (
    select distinct {raw}, installation from cell_rows
),
cell_roots as materialized (
    select *, row_number() over (order by {root}) as node
    from (
        select {root}, count(distinct installation) as installations from cell_seen group by all
    )
    where installations >= $k
),
root_placed as materialized (
    select o.node, s.* from cell_seen s join cell_roots o on {same:root:o:s}
)
