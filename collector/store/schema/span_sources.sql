-- Who sent a span: one row per distinct combination. `digest` is a keyed hash of it, by which the
-- writer finds it again; null where it came from an older schema. `key_id` is the key of the
-- pseudonyms that stand beside it.
create table span_sources (
    number integer not null,
    digest ubigint,
    key_id integer,
    app varchar,
    release varchar,
    environment varchar,
    build varchar,
    device_manufacturer varchar,
    device_model varchar,
    os_name varchar,
    os_version varchar,
    os_type varchar,
    country varchar,
    sdk varchar,
    sdk_version varchar,
    cloud_region varchar,
    sdk_language varchar
)
