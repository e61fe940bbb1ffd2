-- Makes the policy in the fresh_* tables the one that is judged by.
delete from policy_features;
delete from policy_flows;
delete from policy_hosts;
insert into policy_features by name select * from fresh_features;
insert into policy_flows by name select * from fresh_flows;
insert into policy_hosts by name select * from fresh_hosts;
