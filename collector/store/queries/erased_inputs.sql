-- The numbers of the inputs of the installations in `erased_installations`.
select number from inputs
where installation in (select installation from erased_installations)
