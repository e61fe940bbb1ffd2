"""The pages in the order of the navigation; the first is the one at `/`."""

from dashboard.views.audit import AUDIT
from dashboard.views.declarations import DECLARATIONS
from dashboard.views.egress import EGRESS
from dashboard.views.findings import FINDINGS
from dashboard.views.ledger import LEDGER
from dashboard.views.offline import OFFLINE
from dashboard.views.overview import OVERVIEW
from dashboard.views.placement import PLACEMENT
from dashboard.views.quality import QUALITY
from dashboard.views.records import RECORDS
from dashboard.views.release import RELEASE
from dashboard.views.requests import REQUESTS
from dashboard.views.self_audit import SELF_AUDIT
from dashboard.views.thresholds import THRESHOLDS

VIEWS = (
    *(OVERVIEW, RELEASE, OFFLINE, THRESHOLDS, PLACEMENT),
    *(FINDINGS, EGRESS, LEDGER, DECLARATIONS, RECORDS, AUDIT, SELF_AUDIT),
    REQUESTS,
    QUALITY,
)
