-- Erasure: the history of consent.
delete from consents where installation in (select installation from erased_installations)
