-- Releases seen, with a key that sorts them as people do.
create table releases (
    release varchar not null,
    sort_key varchar not null
)
