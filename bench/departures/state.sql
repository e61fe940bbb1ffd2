-- All of it is rolled up, of every installation.
insert into rollup_state by name
select $commit as commit_number, $rules as rules, 65536 as drawn
