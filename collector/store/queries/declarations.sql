-- Every declaration, the newest first.
select * from declarations order by added desc, id
