-- How many these days are.
select count(*) as days from unsettled_days($settled, $least)
