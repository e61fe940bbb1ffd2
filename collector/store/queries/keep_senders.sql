-- And by whose it was, of the sample of installations.
create temp table fresh_senders as from main.fresh_senders
