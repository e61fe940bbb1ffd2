-- Of launches that lost a request nothing is rolled up.
delete from rollup_runs
where (installation, launch) in (select (installation, launch) from rollup_broken)
