-- Erasure: the notes on requests that say nothing of others in the same group.
delete from batches
where installation in (select installation from erased_installations)
    and redactions is null and findings is null
