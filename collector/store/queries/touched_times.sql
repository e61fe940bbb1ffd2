-- Between when there may be what belongs to them.
from windows('touched', 0)
