-- From now on nothing may be touched besides the file and what was set as reachable.
set enable_external_access = false
