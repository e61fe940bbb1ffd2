-- Notes that no byte is left of what was erased until now.
update erasures set bytes_gone = $time where bytes_gone is null
