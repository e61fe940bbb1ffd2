-- The sample of installations that rollup_phones holds: those whose pseudonyms, which are keyed
-- hashes, begin with less than `drawn` of rollup_state; 65536 is all of them.
create or replace macro step_of(installation) as cast('0x' || left(hex(installation), 4) as integer);
create or replace macro drawn() as (select coalesce(max(drawn), 65536) from rollup_state);
-- effective_size (wilson.sql) of what a sample showed of the variance; unknown where it holds fewer
-- than 30 clusters, unless one stands for one (`weight`).
create or replace macro sampled_size(k, n, kk, kn, nn, sampled, unsampled, weight) as
    case
        when weight = 1 or sampled >= 30
            then effective_size(k, n, kk, kn, nn, sampled * weight + unsampled)
    end;
