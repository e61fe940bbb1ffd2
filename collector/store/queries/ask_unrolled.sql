-- They are asked for where they are kept; nobody asks for others then.
create temp macro unrolled(last) as table from anew
