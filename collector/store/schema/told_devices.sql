-- The same as told_cells by countries and device models too, by which nothing is summed.
create table told_devices (
    day date not null,
    app varchar not null,
    environment varchar not null,
    release varchar not null,
    feature varchar not null,
    os varchar not null,
    model varchar not null,
    country varchar not null,
    device_model varchar not null,
    told_release varchar not null,
    told_feature varchar not null,
    told_os varchar not null,
    told_model varchar not null,
    told_country varchar not null,
    told_device_model varchar not null
)
