-- Notes that only a share of what a feature logged until now is kept.
insert into input_cuts values ($time, $feature, $share)
