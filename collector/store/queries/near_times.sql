-- Between when there may be what belongs to what left of them in a period.
from near_times('anew', $from, $to)
