-- Schema 2 to 3: the place up to which spans were passed on.
create table forwarding (
    commit_number bigint not null,
    span_id blob not null,
    start_time ubigint not null
)
