-- Moves the copy's log into it.
checkpoint fresh
