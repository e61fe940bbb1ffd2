-- A number of installations, or of samples, in steps of k; null below k: two that overlap would else
-- tell by their difference how many are in one alone. k = 1 tells all of it.
create or replace macro told(n, k) as case when k = 1 then n else nullif(n // k * k, 0) end;
