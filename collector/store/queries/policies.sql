-- Every coming into force of a policy, newest first.
select time, version, digest, content, limen from policies order by time desc
