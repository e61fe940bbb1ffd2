-- Erasure: where the spans stand that are to be deleted, for as long as the connection lasts.
create temp table erased_places as select place from traced_spans where erased
