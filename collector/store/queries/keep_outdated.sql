-- And what is, in its place: that it is little is known by now.
create temp table outdated as from outdated_of('anew', 'rolled')
