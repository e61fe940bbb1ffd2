-- Erasure: what stands of the `erased_installations` where they are in the sample.
delete from rollup_phones where installation in (select installation from erased_installations);
delete from rollup_senders where sender in (select installation from erased_installations);
delete from rollup_clocks where installation in (select installation from erased_installations)
