-- Installations that lose an entry of their history of consent by retention.
insert into rollup_restated
select distinct installation from consents where received_time < $before and $feature is null
