-- Schema 3 to 4: what redaction did stands with the requests it was done to; every row knows the key
-- of its pseudonyms, which was one for all until now; a way out has all that a policy says of it.
alter table batches add column policy_version varchar;
alter table batches add column redactions
    struct(field varchar, detector varchar, action varchar, occurrences bigint)[];
alter table batches add column findings
    struct(
        code varchar, place varchar, field varchar, detector varchar, app varchar, release varchar,
        value_type varchar, occurrences bigint, sketch bigint
    )[];
update batches
set redactions = done.redactions, policy_version = done.policy_version
from (
    select
        min(b.rowid) as batch,
        any_value(r.redactions) as redactions,
        any_value(r.policy_version) as policy_version
    from batches b
    join (
        select
            commit_number, received_time, policy_version,
            list({
                field: field, detector: detector, action: action, occurrences: occurrences
            }) as redactions
        from redactions
        group by commit_number, received_time, policy_version
    ) r on r.commit_number = b.commit_number and r.received_time = b.received_time
    group by b.commit_number, b.received_time
) done
where batches.rowid = done.batch;
drop table redactions;
alter table span_sources add column key_id integer default 1;
alter table span_sources alter column key_id drop default;
alter table batches add column key_id integer default 1;
alter table batches alter column key_id drop default;
alter table inputs add column key_id integer default 1;
alter table inputs alter column key_id drop default;
alter table inputs add column policy_version varchar;
create table policies (
    time bigint not null,
    version varchar not null,
    digest varchar,
    content varchar,
    limen varchar
);
insert into policies by name
select min(f.received_time) as time, c.policy_version as version
from span_facts f
join span_contexts c on c.number = f.context
group by c.policy_version;
-- They are written anew at each start.
drop view if exists requests;
drop table policy_features;
drop table policy_flows;
drop table policy_hosts;
create table policy_features (
    policy_version varchar not null,
    feature varchar not null,
    from_key varchar not null,
    until_key varchar not null,
    placement varchar,
    threshold double
);
create table policy_flows (
    feature varchar not null,
    from_key varchar not null,
    until_key varchar not null,
    host varchar not null,
    purpose varchar not null,
    consent varchar not null,
    region varchar,
    role varchar,
    categories varchar[] not null,
    retained boolean,
    sure boolean
);
create table policy_hosts (
    host varchar not null,
    owner varchar,
    role varchar,
    region varchar,
    retained boolean
);
