-- Notes that a policy came into force.
insert into policies values ($time, $version, $digest, $content, $limen)
