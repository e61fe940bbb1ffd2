-- What is in `gone` is rolled up no more.
delete from rollup_departures where rowid in (select place from gone);
drop table gone
