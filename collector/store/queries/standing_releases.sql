-- The releases of others than the `erased_installations`, whose spans are deleted by now.
select release from span_sources where number in (select source from span_facts)
union
select release from batches
where
    installation is null
    or installation not in (select installation from erased_installations)
