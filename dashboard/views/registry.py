"""The pages in the order of the navigation; the first is the one at `/`."""

from dashboard.views.door import DOOR
from dashboard.views.egress import EGRESS
from dashboard.views.offline import OFFLINE
from dashboard.views.overview import OVERVIEW
from dashboard.views.placement import PLACEMENT
from dashboard.views.requests import REQUESTS
from dashboard.views.thresholds import THRESHOLDS

VIEWS = (OVERVIEW, OFFLINE, EGRESS, DOOR, REQUESTS, THRESHOLDS, PLACEMENT)
