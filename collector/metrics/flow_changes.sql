-- Flow changes: what the selected requests send that the others do not, what they no longer send, and how often.
-- dimensions: app environment feature release os device_model country hour day
-- change text: added (only the selected send it), removed (only the others do) or kept
-- feature text: AI feature
-- leg text: device (left the phone), onward (a back end passed it on), or unknown
-- destination text: host the data went to; telemetry is Limen's own
-- region text: region of the destination
-- role text: first_party, processor or third_party, by the policy
-- category text: categories of data, as a set
-- purpose text: purpose the app states
-- consent text: consents as of its time, as a set
-- cause text: of fallback, design, audit and unknown those there were, as a set
-- declared flag: the policy of the release names it (the selected one where it sends it); unknown where it cannot be told
-- transfers count: sends of the selected
-- expected count: sends of the selected, had they sent as often per request as the others; unknown without requests to tell it by
-- other_transfers count: sends of the others
-- requests count: selected requests of the feature
-- other_requests count: other requests of the feature
with counted as (
    select
        feature,
        sum(case when true {selected} then n else 0 end) as mine,
        sum(n) as all_of_them
    from {requests}
    where true {where}
    group by feature
    having sum(n) > 0
),
sent as (
    select
        feature, leg, destination, region, role, category, purpose, consent, cause, declared,
        case when true {selected} then 1 else 0 end as chosen,
        sum(n) as n
    from {departures}
    where true {where}
    group by all
    having sum(n) > 0
),
flows as (
    select
        feature,
        leg,
        destination,
        region,
        role,
        category,
        purpose,
        array_to_string(list_sort(list(distinct consent)), ',') as consent,
        array_to_string(list_sort(list(distinct cause)), ',') as cause,
        sum(chosen * n) as mine,
        sum(n) - sum(chosen * n) as theirs,
        min(case when chosen = 1 then coalesce(2 * cast(declared as integer), 1) end) as mine_declared,
        min(case when chosen = 0 then coalesce(2 * cast(declared as integer), 1) end) as theirs_declared
    from sent
    group by feature, leg, destination, region, role, category, purpose
)
select
    case when f.theirs = 0 then 'added' when f.mine = 0 then 'removed' else 'kept' end as change,
    f.feature,
    f.leg,
    f.destination,
    f.region,
    f.role,
    f.category,
    f.purpose,
    f.consent,
    f.cause,
    case coalesce(f.mine_declared, f.theirs_declared) when 2 then true when 0 then false end
        as declared,
    cast(f.mine as bigint) as transfers,
    1.0 * f.theirs * c.mine / nullif(c.all_of_them - c.mine, 0) as expected,
    cast(f.theirs as bigint) as other_transfers,
    cast(coalesce(c.mine, 0) as bigint) as requests,
    cast(coalesce(c.all_of_them - c.mine, 0) as bigint) as other_requests
from flows f
left join counted c on c.feature = f.feature
order by
    case when f.theirs = 0 then 0 when f.mine = 0 then 1 else 2 end,
    f.mine + f.theirs desc, f.feature, f.leg, f.destination, f.region, f.role, f.category,
    f.purpose
