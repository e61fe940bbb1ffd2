-- Between when there may be what belongs to them.
select min(earliest) as since, max(latest) as until from touched
