-- Cells are made of all there was.
insert into told_state values ($last, $settled, $least)
