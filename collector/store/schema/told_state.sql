-- One row, or none: cells of at least `least` installations are made of all that was received before
-- `settled` and stored up to a transaction.
create table told_state (
    commit_number bigint not null,
    settled bigint not null,
    least integer not null
)
