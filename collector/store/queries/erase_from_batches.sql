-- Erasure: of the other notes what is of the installation itself.
update batches
set
    installation = null, key_id = null, app = null, release = null, environment = null,
    body_bytes = 0, records = 0, rejected = 0
where installation in (select installation from erased_installations)
