-- Sweeps kept for the page, as the JSON document of contract/records.py; the latest stands.
create table sweeps (
    run varchar not null,
    reference varchar not null,
    created bigint not null,
    document varchar not null
)
