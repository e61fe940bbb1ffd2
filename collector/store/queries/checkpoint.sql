-- Moves the log into the file.
checkpoint
