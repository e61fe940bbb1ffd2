-- What the policy says of a departure. A key is that of a release, by which releases are sorted.

-- The rule of a feature in a release; null where the policy has none.
create or replace macro rule_of(its_feature, its_key) as (
    select {placement: p.placement}
    from policy_features p
    where p.feature = its_feature and its_key >= p.from_key and its_key < p.until_key
);
-- Who stands behind a destination: of each fact the host that fits best and says it.
create or replace macro host_of(its_destination) as (
    select {
        owner: arg_max(h.owner, length(replace(h.host, '%', ''))),
        region: arg_max(h.region, length(replace(h.host, '%', ''))),
        role: arg_max(h.role, length(replace(h.host, '%', ''))),
        retained: arg_max(h.retained, length(replace(h.host, '%', '')))
    }
    from policy_hosts h
    where its_destination like h.host escape '\'
);
-- Whether one of the ways out of its feature and release meets it in every condition, in three-valued
-- logic: what nobody says is neither met nor missed. Null where it cannot be told.
create or replace macro declared_of(
    its_feature, its_key, its_destination, its_purpose, its_consent, its_categories, its_region, its_role,
    its_retained
) as (
    select case when bool_or(taken) then true when bool_or(taken is null) then null else false end
    from (
        select
            case when its_destination <> 'unknown' then its_destination like f.host escape '\' end
            and its_purpose = f.purpose
            and case
                when f.consent = 'not_required' then true
                when its_consent is not null then its_consent = f.consent
            end
            and case
                when not list_has_all(
                    list_append(f.categories, 'unknown'), string_split(its_categories, ',')
                ) then false
                when not list_contains(string_split(its_categories, ','), 'unknown') then true
            end
            and (f.region is null or lower(its_region) = lower(f.region))
            and (f.role is null or its_role = f.role)
            and (coalesce(f.retained, true) or not its_retained)
            and f.sure as taken
        from policy_flows f
        where f.feature = its_feature and its_key >= f.from_key and its_key < f.until_key
    )
);
create or replace macro leg_of(passed_on, from_request, from_phone) as
    case when passed_on then 'onward' when from_request or from_phone then 'device' else 'unknown' end;
create or replace macro cause_of(from_request, decision, audited, its_placement) as
    case
        when not from_request then 'unknown'
        when decision = 'accept' and audited then 'audit'
        when decision in ('accept', 'cloud') then 'design'
        when its_placement = 'cloud' then 'design'
        else 'fallback'
    end;
