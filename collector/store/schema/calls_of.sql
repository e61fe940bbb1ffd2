-- The calls among `clocks` that began in [since, until) and that a server answered, with the skew they
-- show; `served` is a table as rollup_served. The 30 days are how wrong a clock can be and still be
-- believed.
create or replace macro calls_of(clocks, served, since, until) as table
with asked as materialized (
    from clocks_of(clocks, since, until) where call is not null
),
answered as materialized (
    select s.call, started(s.time, s.start_time) as start, s.duration
    from query_table(served) s
    semi join asked a on a.call = s.call
    where s.time >= since - 2592000000000000 and s.time < until + 2592000000000000
)
from skews('asked', 'answered')
