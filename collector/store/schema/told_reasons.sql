-- The same of reasons: why requests were not answered by the device.
create table told_reasons (
    day date not null,
    app varchar not null,
    environment varchar not null,
    decision varchar not null,
    reason varchar,
    told_reason varchar
)
