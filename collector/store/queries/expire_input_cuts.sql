-- Forgets of what shares were kept of inputs that are gone; of one feature where it is not null.
delete from input_cuts where time < $before and ($feature is null or feature = $feature)
