-- What rollup_sent does not say yet.
create or replace view fresh_sent as
select
    day, received, app, environment, release, os, kind, differs,
    cast(sum(n) as bigint) as n, cast(sum(bytes) as bigint) as bytes
from moved
group by all
