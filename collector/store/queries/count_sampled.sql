-- How many installations are in the sample, and below which step of 65536 they stand.
select count(distinct installation) as installations, drawn() as drawn from rollup_phones
