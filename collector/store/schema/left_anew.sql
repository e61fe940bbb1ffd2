-- Departures that rollup_departures does not cover, or has under another consent.
create or replace view left_anew as
with anew as materialized (
    from unrolled(null)
),
near as materialized (
    from spans_near(
        'anew',
        (select min(first) from near_times('anew', -9223372036854775807, 9223372036854775807)),
        (select max(last) from near_times('anew', -9223372036854775807, 9223372036854775807))
    )
),
places as materialized (
    from calls_near('anew', 'near', -9223372036854775807, 9223372036854775807)
)
from unrolled_departures('anew', 'places', 1, 0, -9223372036854775807, 9223372036854775807)
union all by name
from restated_departures(-9223372036854775807, 9223372036854775807, null, 1, 0)
