-- What of the rolled up departures `d` still is so.
anti join unrolled(null) u on u.trace_id = d.trace_id and d.time between u.earliest and u.latest
anti join restated(null) h on h.installation = d.consenting and d.time >= h.earliest
