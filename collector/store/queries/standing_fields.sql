-- The fields of findings in groups to which none of the `erased_installations` sent anything.
select distinct f.field
from (
    select unnest(findings) as f
    from batches
    where findings is not null
        and commit_number not in (
            select commit_number from batches
            where installation in (select installation from erased_installations)
        )
)
