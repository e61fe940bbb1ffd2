-- Of the sample only what stands below a step stays.
delete from rollup_phones where step_of(installation) >= $drawn;
delete from rollup_senders where step_of(sender) >= $drawn;
delete from rollup_served
where call in (select call from rollup_clocks where step_of(installation) >= $drawn);
delete from rollup_clocks where step_of(installation) >= $drawn
