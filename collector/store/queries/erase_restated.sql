-- Erasure: that the history of the `erased_installations` is another.
delete from rollup_restated where installation in (select installation from erased_installations)
