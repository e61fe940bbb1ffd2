-- Dimensions that are composed of columns, once for every view and query.
create or replace macro os_of(os_name, os_type, os_version) as
    coalesce(
        coalesce(os_name, os_type) || ' ' || split_part(os_version, '.', 1),
        os_name,
        os_type,
        'unknown'
    );
create or replace macro model_of(name, version) as coalesce(name || '@' || version, name, 'unknown');
create or replace macro reason_of(decision, fallback_reason, blocked_reason, error_type) as
    case decision
        when 'fallback' then coalesce(fallback_reason, 'unknown')
        when 'blocked' then coalesce(blocked_reason, 'unknown')
        when 'error' then coalesce(error_type, 'unknown')
    end;
create or replace macro hour_of(time) as make_timestamp(time // 3600000000000 * 3600000000);
create or replace macro day_of(time) as cast(make_timestamp(time // 1000) as date);
create or replace macro placed(said, decision, planned) as
    coalesce(said, case when decision = 'cloud' then 'cloud' end, planned, 'unknown');
create or replace macro answered_by(decision) as
    case when decision = 'accept' then 'device' when decision in ('fallback', 'cloud') then 'cloud' end;
-- The bucket of OpenTelemetry's exponential histogram at scale 4 that a wait (ns) falls into, its upper
-- bound 4.4 % above its lower; unknown where nobody was answered.
create or replace macro wait_step(decision, duration) as
    case
        when decision in ('accept', 'fallback', 'cloud') and duration >= 0
            then cast(ceil(16 * log2(greatest(duration, 1))) - 1 as integer)
    end;
-- The ms that `rank` waits are not over, found in a bucket of n up to whose end there are `upto`.
create or replace macro wait_ms(step, n, upto, rank) as
    pow(2, (step + greatest(rank - (upto - n), 0) / n) / 16.0) / 1e6;
-- Whether a request of a clock that is believed was received up to some seconds after it began.
create or replace macro arrived(believed, age, seconds) as
    cast(believed and age <= cast(seconds as bigint) * 1000000000 as bigint);
