-- What left devices for requests, by whose it was, of the sample of installations (sample.sql) and of
-- none; else the same as rollup_sent. `squares` are those of the bytes of each where no installation is
-- known.
create table rollup_senders (
    day date not null,
    received date not null,
    sender blob,
    app varchar not null,
    environment varchar not null,
    release varchar,
    os varchar not null,
    kind integer not null,
    n bigint not null,
    bytes bigint,
    squares double
)
