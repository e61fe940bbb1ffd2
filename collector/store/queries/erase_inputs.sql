-- Erasure: logged inputs.
delete from inputs where installation in (select installation from erased_installations)
