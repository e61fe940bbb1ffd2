-- Receipts of erasures: since when nothing of it could be asked for, and since when no byte is left;
-- `document` says what was deleted where, as JSON. Not whose.
create table erasures (
    receipt varchar not null,
    unreachable bigint not null,
    bytes_gone bigint,
    document varchar not null
)
