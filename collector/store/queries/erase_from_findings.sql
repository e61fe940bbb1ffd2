-- Erasure: findings in groups to which the `erased_installations` sent something stay where others
-- were seen to send the same field, or it is a name of ours, and others have the release.
update batches
set findings = list_filter(
    findings,
    lambda f: list_contains($fields, f.field)
        and (f.release is null or list_contains($releases, f.release))
)
where findings is not null
    and commit_number in (
        select commit_number from batches
        where installation in (select installation from erased_installations)
    )
