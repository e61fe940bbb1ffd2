-- Stores entries of the history of consent, each once: apps tell what holds again and again.
insert into consents by name
select * from fresh f
anti join consents c
    on c.installation = f.installation and c.purpose = f.purpose and c.time = f.time
    and c.state = f.state and c.version is not distinct from f.version
qualify row_number() over (
    partition by f.installation, f.purpose, f.time, f.state, f.version order by f.received_time
) = 1
