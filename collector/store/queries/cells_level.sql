-- The cells of {level} within each node of the level before: those of fewer than k installations
-- are merged into `other`, which takes in the next smallest where they are fewer than k together.
{level}_sizes as materialized (
    select node, {level} as value, count(distinct installation) as installations
    from {before}_placed
    group by all
),
{level}_small as (
    select p.node, count(distinct p.installation) as installations
    from {before}_placed p
    join {level}_sizes s on s.node = p.node and s.value is not distinct from p.{level}
    where s.installations < $k
    group by p.node
),
{level}_named as (
    select
        s.node as parent,
        s.value,
        case
            when s.installations < $k then $other
            when m.installations < $k and row_number() over (
                partition by s.node, s.installations < $k order by s.installations, s.value
            ) = 1 then $other
            else s.value
        end as shown
    from {level}_sizes s
    left join {level}_small m on m.node = s.node
),
{level}_cells as materialized (
    select *, dense_rank() over (order by parent, shown) as node from {level}_named
),
{level}_placed as materialized (
    select c.node, c.shown as told_{level}, p.* exclude (node)
    from {before}_placed p
    join {level}_cells c on c.parent = p.node and c.value is not distinct from p.{level}
)
