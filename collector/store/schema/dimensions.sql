-- Dimensions that are composed of columns, once for every view and query.
create or replace macro os_of(os_name, os_type, os_version) as
    coalesce(
        coalesce(os_name, os_type) || ' ' || split_part(os_version, '.', 1),
        os_name,
        os_type,
        'unknown'
    );
create or replace macro hour_of(time) as make_timestamp(time // 3600000000000 * 3600000000);
create or replace macro day_of(time) as cast(make_timestamp(time // 1000) as date);
create or replace macro placed(said, decision, planned) as
    coalesce(said, case when decision = 'cloud' then 'cloud' end, planned, 'unknown');
create or replace macro answered_by(decision) as
    case when decision = 'accept' then 'device' when decision in ('fallback', 'cloud') then 'cloud' end;
