-- Erasure: where the spans of a part stand that are to be deleted, for as long as the connection lasts.
create or replace temp table erased_places as
select place from traced_spans where erased and part = $part
