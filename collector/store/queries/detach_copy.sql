-- Lets go of the copy.
detach fresh
