-- Who did what that the data subject could ask about. Never the data itself.
create table audit (
    time bigint not null,
    action varchar not null,
    detail varchar not null
)
