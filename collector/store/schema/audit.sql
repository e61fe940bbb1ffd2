-- What was done that the data subject could ask about, and by which token: a log that is only appended
-- to, numbered from 0. Never the data itself. `hashes` are those of the nodes of the Merkle tree that
-- the entry completes, 32 bytes each, its own leaf first; they stay when the rest is erased, and without
-- the salt no leaf can be guessed.
create table audit (
    number bigint not null,
    time bigint not null,
    action varchar not null,
    actor varchar,
    reason varchar,
    count bigint,
    detail varchar,
    salt varchar,
    hashes blob not null
)
