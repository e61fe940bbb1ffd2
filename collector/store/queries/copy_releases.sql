-- Copies the releases that copied rows name.
insert into fresh.releases by name
select *
from releases
where release in (
    select release from fresh.span_sources union select release from fresh.batches
)
