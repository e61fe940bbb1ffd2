-- What is stored of an installation, span by span.
select * exclude (installation, launch, session), received_time - time > 3600000000000 as late
from spans
where installation in (select unnest($pseudonyms))
