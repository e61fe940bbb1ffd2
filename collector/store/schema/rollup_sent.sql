-- What rollup_departures holds, as sums by day, by who sent it and by kind: each departure that comes
-- to stand there is added, each that is taken from there is subtracted; a compaction makes one row of
-- what is equal. `release` as the span said it; `differs`: another size of body arrived than left.
create table rollup_sent (
    day date not null,
    received date not null,
    app varchar not null,
    environment varchar not null,
    release varchar,
    os varchar not null,
    kind integer not null,
    differs boolean not null,
    n bigint not null,
    bytes bigint
)
