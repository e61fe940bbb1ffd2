-- Adds requests that were counted.
insert into rollup_requests by name from fresh
