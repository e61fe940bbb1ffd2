-- Departures, each in its cell: what left and where to stays, whose consent it had does not.
merged_departures as (
    select
        r.* replace (
            coalesce(c.app, $other) as app,
            coalesce(c.environment, $other) as environment,
            $other as consent
            {replaced}
        )
    from cell_rows r
    left join cells c on {same:raw:c:r}
)
