-- By whom those were answered, day by day, of whose waiting times may be told.
create table told_waits (
    day date not null,
    app varchar not null,
    environment varchar not null,
    answered_by varchar not null
)
