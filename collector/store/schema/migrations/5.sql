-- Schema 4 to 5: inputs are drawn, so that a sample of them stays where there are too many to keep; the
-- audit log has a Merkle tree, and what was logged before is appended to it; installations can be
-- erased; the history of consent, declarations and verdicts are kept; what left is rolled up.
alter table inputs add column draw double;
alter table inputs add column size bigint;
update inputs set draw = random(), size = octet_length(sealed);
create table input_pieces (
    commit_number bigint not null,
    number bigint not null,
    piece integer not null,
    sealed blob not null
);
insert into input_pieces by name
select
    i.commit_number, i.number, p.piece,
    i.sealed[p.piece * 4000 + 1 : (p.piece + 1) * 4000] as sealed
from inputs i, unnest(range((octet_length(i.sealed) + 3999) // 4000)) as p(piece);
alter table inputs drop column sealed;
alter table replays add column chunk_inputs bigint default 4096;
alter table replays alter column chunk_inputs drop default;
alter table replays add column source varchar default 'inputs';
alter table replays alter column source drop default;
alter table replays add column sweeps_erased bigint;
alter table replay_chunks add column opening double default 0;
alter table replay_chunks alter column opening drop default;
alter table replay_chunks add column preparing double default 0;
alter table replay_chunks alter column preparing drop default;
alter table replay_chunks add column inferring double default 0;
alter table replay_chunks alter column inferring drop default;
alter table replay_chunks add column saving double default 0;
alter table replay_chunks alter column saving drop default;
alter table span_facts add column trace ubigint;
update span_facts set trace = md5_number_lower(trace_id);
alter table policy_features add column size_budget bigint;
alter table policy_features add column offline_critical boolean;
alter table policy_features add column offline_target double;
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
create table tombstones (
    mark blob not null,
    sieve uinteger,
    time bigint not null
);
create table erasures (
    receipt varchar not null,
    unreachable bigint not null,
    bytes_gone bigint,
    document varchar not null
);
create table consents (
    commit_number bigint not null,
    received_time bigint not null,
    time bigint not null,
    installation blob not null,
    key_id integer,
    purpose varchar not null,
    state varchar not null,
    version varchar,
    policy_version varchar
);
create table declarations (
    id varchar not null,
    added bigint not null,
    app varchar not null,
    release varchar,
    digest varchar not null,
    token varchar,
    content varchar not null
);
create table verdicts (
    time bigint not null,
    finding varchar not null,
    word varchar not null,
    who varchar not null,
    why varchar not null,
    until bigint,
    token varchar
);
create table rollup_departures (
    trace_id blob not null,
    trace ubigint not null,
    span_id blob not null,
    time bigint not null,
    received_time bigint not null,
    installation blob,
    source integer not null,
    kind integer not null,
    bytes bigint,
    bytes_received bigint,
    request blob,
    said_since bigint,
    consenting blob,
    consent_since bigint
);
create table rollup_kinds (
    number integer not null,
    facts struct(
        from_request boolean, from_phone boolean, passed_on boolean, request_decision varchar,
        request_placement varchar, request_audited boolean, request_network varchar,
        request_model varchar, of_feature varchar, policy_version varchar,
        destination varchar, server_port bigint, measure varchar, chain_region varchar,
        chain_category varchar, chain_purpose varchar, said_consent varchar, said_version varchar,
        retained_there boolean, trained_there boolean
    ) not null,
    consent struct(
        chain_consent varchar, consent_version varchar, speaks varchar, granted_later boolean,
        granted_otherwise boolean
    ) not null
);
create table rollup_dirty (
    trace_id blob not null,
    earliest bigint not null,
    latest bigint not null,
    given_up boolean not null
);
create table rollup_state (
    commit_number bigint not null,
    rules varchar not null,
    drawn integer not null
);
create table rollup_requests (
    day date not null,
    received date not null,
    app varchar not null,
    environment varchar not null,
    feature varchar not null,
    release_said varchar,
    os varchar not null,
    network varchar not null,
    model varchar not null,
    model_size bigint,
    placement_said varchar,
    decision varchar not null,
    reason varchar,
    blocked_reason varchar,
    threshold double,
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
);
create table folded_requests (
    day date not null,
    app varchar not null,
    environment varchar not null,
    release varchar not null,
    feature varchar not null,
    os varchar not null,
    model varchar not null,
    country varchar not null,
    device_model varchar not null,
    network varchar not null,
    placement varchar not null,
    decision varchar not null,
    blocked_reason varchar,
    n bigint not null
);
create table folded_days (
    day date not null,
    all_gone boolean not null,
    least integer not null
);
create table told_cells (
    day date not null,
    app varchar not null,
    environment varchar not null,
    release varchar not null,
    feature varchar not null,
    os varchar not null,
    model varchar not null,
    told_release varchar not null,
    told_feature varchar not null,
    told_os varchar not null,
    told_model varchar not null
);
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
);
create table told_gaps (
    day date not null,
    app varchar not null,
    environment varchar not null,
    release varchar not null,
    feature varchar not null,
    os varchar not null,
    model varchar not null,
    installation blob not null,
    lost bigint not null,
    repeated bigint not null
);
create table told_reasons (
    day date not null,
    app varchar not null,
    environment varchar not null,
    decision varchar not null,
    reason varchar,
    told_reason varchar
);
create table told_waits (
    day date not null,
    app varchar not null,
    environment varchar not null,
    answered_by varchar not null
);
create table told_sent (
    day date not null,
    app varchar not null,
    environment varchar not null,
    release varchar not null,
    feature varchar,
    os varchar not null,
    told_release varchar not null,
    told_feature varchar,
    told_os varchar not null
);
create table told_thresholds (
    day date not null,
    app varchar not null,
    environment varchar not null,
    threshold double not null,
    feature varchar not null,
    told_feature varchar not null
);
create table told_steps (
    day date not null,
    app varchar not null,
    environment varchar not null,
    confidence_step integer,
    feature varchar not null,
    told_feature varchar not null,
    n bigint not null
);
create table told_dirty (
    day date not null
);
create table told_state (
    commit_number bigint not null,
    settled bigint not null,
    least integer not null
);
create table rollup_runs (
    installation blob not null,
    launch ubigint not null,
    source integer not null,
    first bigint not null,
    last bigint not null,
    time bigint not null,
    earliest bigint not null,
    latest bigint not null,
    lost bigint not null,
    repeated bigint not null
);
create table rollup_gaps (
    installation blob not null,
    launch ubigint not null,
    source integer not null,
    time bigint not null,
    lost bigint not null,
    repeated bigint not null
);
create table rollup_phones (
    day date not null,
    received date not null,
    installation blob,
    session blob,
    app varchar not null,
    environment varchar not null,
    feature varchar not null,
    release_said varchar,
    os varchar not null,
    network varchar not null,
    model varchar not null,
    placement_said varchar,
    decision varchar not null,
    reason varchar,
    country varchar not null,
    device_model varchar not null,
    threshold double,
    confidence double,
    wait_step integer,
    n bigint not null,
    numbered bigint not null
);
create table rollup_offline (
    day date not null,
    received date not null,
    app varchar not null,
    environment varchar not null,
    feature varchar not null,
    release_said varchar,
    os varchar not null,
    network varchar not null,
    model varchar not null,
    placement_said varchar,
    decision varchar not null,
    confidence_step integer,
    sure_step integer,
    n bigint not null
);
create table rollup_hours (
    day date not null,
    received date not null,
    hour timestamp not null,
    app varchar not null,
    environment varchar not null,
    feature varchar not null,
    release_said varchar,
    os varchar not null,
    network varchar not null,
    model varchar not null,
    placement_said varchar,
    decision varchar not null,
    n bigint not null
);
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
);
create table rollup_context_waits (
    day date not null,
    received date not null,
    source integer not null,
    context integer not null,
    network varchar not null,
    wait_step integer not null,
    n bigint not null
);
create table rollup_waits (
    day date not null,
    received date not null,
    app varchar not null,
    environment varchar not null,
    feature varchar not null,
    release_said varchar,
    os varchar not null,
    network varchar not null,
    model varchar not null,
    decision varchar not null,
    wait_step integer not null,
    n bigint not null
);
create table rollup_sent (
    day date not null,
    received date not null,
    app varchar not null,
    environment varchar not null,
    release varchar,
    os varchar not null,
    kind integer not null,
    differs boolean not null,
    n bigint not null,
    bytes bigint
);
create table rollup_senders (
    day date not null,
    received date not null,
    sender blob,
    app varchar not null,
    environment varchar not null,
    release varchar,
    os varchar not null,
    kind integer not null,
    n bigint not null,
    bytes bigint,
    squares double
);
create table rollup_restated (
    installation blob not null
);
create table rollup_clocks (
    time bigint not null,
    start_time ubigint,
    duration bigint,
    received_time bigint not null,
    installation blob not null,
    source integer not null,
    context integer not null,
    call ubigint
);
create table rollup_served (
    time bigint not null,
    start_time ubigint,
    duration bigint,
    received_time bigint not null,
    context integer not null,
    call ubigint not null
);

alter table span_sources add column sdk_language varchar;
