-- And what stands in its place.
insert into outdated from outdated_consents
