"""The steps of redaction: each looks at one part of a record, over whole columns."""
