-- The sample of installations that rollup_phones holds: those whose pseudonyms, which are keyed
-- hashes, begin with less than `drawn` of rollup_state; 65536 is all of them.
create or replace macro step_of(installation) as cast('0x' || left(hex(installation), 4) as integer);
create or replace macro drawn() as (select coalesce(max(drawn), 65536) from rollup_state);
-- For how many of all installations, or of what they have, so many of the sample stand.
create or replace macro of_all(n, drawn) as cast(round(n * 65536 / drawn) as bigint);
-- Before which pseudonym those of the sample stand: after every one where it is all of them.
create or replace macro drawn_before() as (
    select
        case
            when coalesce(max(drawn), 65536) < 65536 then unhex(printf('%04x', max(drawn)))
            else unhex(repeat('ff', 64))
        end
    from rollup_state
);
-- What stands for the spread of those of no installation, each a sender of its own.
create or replace macro squared(bytes, sender) as
    case when sender is null then cast(bytes as double) * bytes end;
-- effective_size (wilson.sql) of what a sample showed of the variance; unknown where it holds fewer
-- than 30 clusters, unless one stands for one (`weight`).
create or replace macro sampled_size(k, n, kk, kn, nn, sampled, unsampled, weight) as
    case
        when weight = 1 or sampled >= 30
            then effective_size(k, n, kk, kn, nn, sampled * weight + unsampled)
    end;
-- 1.96², less what a sample of nearly all leaves out, by how much one cluster stands for.
create or replace macro number_width(n, nn, weight) as
    3.841459 * (1 - 1 / weight) * coalesce(nn / nullif(n, 0), 1);
-- An end (`side` -1 or 1) of the 95 % interval of how many there are where a sample of installations has
-- n, the sum over clusters of what each has; nn is that of the squares. The score interval of a number
-- of which each cluster was drawn with the chance 1 / weight; nothing but n where that is 1.
create or replace macro number_end(n, nn, weight, side) as weight * (
    n + number_width(n, nn, weight) / 2
    + side * sqrt(number_width(n, nn, weight) * (n + number_width(n, nn, weight) / 4))
);
