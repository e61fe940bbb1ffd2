-- Takes a declaration back.
delete from declarations where id = $id
