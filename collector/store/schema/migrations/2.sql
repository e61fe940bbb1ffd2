-- Schema 1 to 2: what repeats from span to span stands once, and every row knows the transaction
-- that wrote it.
drop view if exists requests;
alter table spans rename to old_spans;
create table span_facts (
    commit_number bigint not null,
    source integer not null,
    context integer not null,
    trace_id blob not null,
    span_id blob not null,
    parent_span_id blob,
    time bigint not null,
    start_time ubigint,
    duration bigint,
    received_time bigint not null,
    installation blob,
    launch blob,
    session blob,
    confidence double,
    input_digest varchar,
    input_size bigint,
    output_label varchar,
    scores float[],
    scores_labels varchar[],
    sequence bigint,
    user_correction varchar,
    http_request_size bigint,
    http_request_body_size bigint,
    egress_bytes bigint,
    gen_ai_input_tokens bigint,
    gen_ai_output_tokens bigint,
    attributes map(varchar, varchar)
);
create table span_sources (
    number integer not null,
    digest ubigint,
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
    cloud_region varchar
);
create table span_contexts (
    number integer not null,
    digest ubigint,
    policy_version varchar not null,
    name varchar,
    kind varchar not null,
    status varchar not null,
    feature varchar,
    placement varchar,
    decision varchar,
    fallback_reason varchar,
    blocked_reason varchar,
    confidence_method varchar,
    threshold double,
    threshold_version varchar,
    threshold_source varchar,
    audit_sampled boolean,
    audit_probability double,
    model_name varchar,
    model_version varchar,
    model_digest varchar,
    model_size bigint,
    runtime varchar,
    runtime_version varchar,
    delegate varchar,
    input_kind varchar,
    network varchar,
    error_type varchar,
    server_address varchar,
    server_port bigint,
    url_template varchar,
    http_status bigint,
    http_resend_count bigint,
    egress_region varchar,
    egress_processor varchar,
    data_categories varchar,
    purpose varchar,
    consent_state varchar,
    consent_version varchar,
    gen_ai_operation varchar,
    gen_ai_provider varchar,
    gen_ai_model varchar,
    retained boolean,
    trained_on boolean
);
create temp table keyed_spans as
select
    *,
    hash(
        app, release, environment, build, device_manufacturer, device_model, os_name, os_version,
        os_type, country, sdk, sdk_version, cloud_region
    ) as source_key,
    hash(
        policy_version, name, kind, status, feature, placement, decision, fallback_reason,
        blocked_reason, confidence_method, threshold, threshold_version, threshold_source,
        audit_sampled, audit_probability, model_name, model_version, model_digest, model_size,
        runtime, runtime_version, delegate, input_kind, network, error_type, server_address,
        server_port, url_template, http_status, http_resend_count, egress_region,
        egress_processor, data_categories, purpose, consent_state, consent_version,
        gen_ai_operation, gen_ai_provider, gen_ai_model, retained, trained_on
    ) as context_key
from old_spans;
create temp table source_keys as
select row_number() over (order by source_key) - 1 as number, source_key
from (select distinct source_key from keyed_spans);
create temp table context_keys as
select row_number() over (order by context_key) - 1 as number, context_key
from (select distinct context_key from keyed_spans);
insert into span_sources by name
select distinct
    k.number,
    s.app, s.release, s.environment, s.build, s.device_manufacturer, s.device_model, s.os_name,
    s.os_version, s.os_type, s.country, s.sdk, s.sdk_version, s.cloud_region
from keyed_spans s
join source_keys k on k.source_key = s.source_key;
insert into span_contexts by name
select distinct
    k.number,
    s.policy_version, s.name, s.kind, s.status, s.feature, s.placement, s.decision,
    s.fallback_reason, s.blocked_reason, s.confidence_method, s.threshold, s.threshold_version,
    s.threshold_source, s.audit_sampled, s.audit_probability, s.model_name, s.model_version,
    s.model_digest, s.model_size, s.runtime, s.runtime_version, s.delegate, s.input_kind,
    s.network, s.error_type, s.server_address, s.server_port, s.url_template, s.http_status,
    s.http_resend_count, s.egress_region, s.egress_processor, s.data_categories, s.purpose,
    s.consent_state, s.consent_version, s.gen_ai_operation, s.gen_ai_provider, s.gen_ai_model,
    s.retained, s.trained_on
from keyed_spans s
join context_keys k on k.context_key = s.context_key;
insert into span_facts by name
select
    0 as commit_number, o.number as source, c.number as context,
    case when not s.time_believed then s.start_time end as start_time,
    s.trace_id, s.span_id, s.parent_span_id, s.time, s.duration, s.received_time, s.installation,
    s.launch, s.session, s.confidence, s.input_digest, s.input_size, s.output_label, s.scores,
    s.scores_labels, s.sequence, s.user_correction, s.http_request_size,
    s.http_request_body_size, s.egress_bytes, s.gen_ai_input_tokens, s.gen_ai_output_tokens,
    s.attributes
from keyed_spans s
join source_keys o on o.source_key = s.source_key
join context_keys c on c.context_key = s.context_key;
drop table old_spans;
drop table keyed_spans;
drop table source_keys;
drop table context_keys;
alter table batches add column commit_number bigint default 0;
alter table redactions add column commit_number bigint default 0;
alter table inputs add column commit_number bigint default 0;
