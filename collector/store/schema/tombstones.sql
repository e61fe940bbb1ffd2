-- What was erased and must not come back: keyed hashes of installations' identifiers, and of traces,
-- which have a `sieve` besides. Nothing is stored under any of them.
create table tombstones (
    mark blob not null,
    sieve uinteger,
    time bigint not null
)
