"""Who a row may be traced to: pseudonyms, erasures, and what keeps erased data out."""
