-- What people said of findings, each by its id; the last stands, until `until` where that is not null.
create table verdicts (
    time bigint not null,
    finding varchar not null,
    word varchar not null,
    who varchar not null,
    why varchar not null,
    until bigint,
    token varchar
)
