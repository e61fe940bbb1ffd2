-- Copies the kinds of the departures that were copied; those that no departure is of are left behind.
insert into fresh.rollup_kinds by name
select * from rollup_kinds where number in (select kind from fresh.rollup_departures)
