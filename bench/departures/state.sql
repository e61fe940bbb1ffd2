-- All of it is rolled up, of every installation, as of before anybody consented to anything.
insert into rollup_sent by name
select
    day, received, app, environment, release, os, kind, differs,
    count(*) as n, sum(bytes) as bytes
from rolled_singly
group by all;
insert into rollup_restated select distinct installation from consents;
insert into rollup_state by name
select $commit as commit_number, $rules as rules, 65536 as drawn
