-- What stands for the reasons of a day.
select day, app, environment, decision, reason, told_reason from cells
