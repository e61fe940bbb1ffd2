-- Erasure: what is rolled up of the launches of the `erased_installations`.
delete from rollup_runs where installation in (select installation from erased_installations);
delete from rollup_gaps where installation in (select installation from erased_installations)
