-- Erasure: what is kept of the spans of a part.
select * exclude (part) from traced_spans where part = $part
