-- The same as rollup_requests by whatever else a request is told by: its source and its context, numbers
-- of rows of span_sources and span_contexts; and, of those made without a network, by how sure the model was.
create table rollup_contexts (
    day date not null,
    received date not null,
    source integer not null,
    context integer not null,
    network varchar not null,
    confidence_step integer,
    sure_step integer,
    n bigint not null,
    numbered bigint not null,
    in_10s bigint not null,
    in_1min bigint not null,
    in_10min bigint not null,
    in_1h bigint not null,
    in_6h bigint not null,
    in_1d bigint not null,
    in_7d bigint not null,
    believed bigint not null,
    ahead bigint not null,
    no_device_model bigint not null,
    no_country bigint not null,
    no_installation bigint not null,
    no_duration bigint not null,
    no_runtime bigint not null,
    no_delegate bigint not null,
    no_confidence bigint not null
)
