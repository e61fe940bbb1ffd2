-- The gaps of launches that are not rolled up are asked for where they are kept; nobody asks for others.
create temp macro runs_anew(after, upto) as table from runs_kept
