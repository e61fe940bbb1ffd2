-- The hashes of some entries of the audit log.
select number, hashes from audit where number in (select unnest($numbers))
