-- The receipts of erasures, newest first; of one where `receipt` is not null.
select receipt, unreachable, bytes_gone, document
from erasures
where $receipt is null or receipt = $receipt
order by unreachable desc
