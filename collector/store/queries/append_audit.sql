-- Appends to the audit log.
insert into audit values (
    $number, $time, $action, $actor, $reason, $count, $detail, $salt, $hashes
)
