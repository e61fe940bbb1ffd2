-- What is stored under some pseudonyms of installations.
select
    installation,
    cast(sum(spans) as bigint) as spans,
    cast(sum(inputs) as bigint) as inputs,
    cast(sum(exports) as bigint) as exports,
    min(first_received) as first_received,
    max(last_received) as last_received
from (
    select
        installation, count(*) as spans, 0 as inputs, 0 as exports,
        min(received_time) as first_received, max(received_time) as last_received
    from span_facts
    where list_contains($pseudonyms, installation)
    group by installation
    union all
    select installation, 0, count(*), 0, min(received_time), max(received_time)
    from inputs
    where list_contains($pseudonyms, installation)
    group by installation
    union all
    select installation, 0, 0, count(*), min(received_time), max(received_time)
    from batches
    where list_contains($pseudonyms, installation)
    group by installation
)
group by installation
