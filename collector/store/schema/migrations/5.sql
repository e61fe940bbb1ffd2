-- Schema 4 to 5: inputs are drawn, so that a sample of them stays where there are too many to keep; the
-- audit log has a Merkle tree, and what was logged before is appended to it.
alter table inputs add column draw double;
update inputs set draw = random();
create table input_cuts (
    time bigint not null,
    feature varchar not null,
    share double not null
);
alter table audit rename to audit_before;
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
);
