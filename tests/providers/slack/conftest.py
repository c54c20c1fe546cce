import sys
from pathlib import Path

import pytest

from dragoman.core.context.clock import hurry

sys.path.insert(0, str(Path(__file__).parent))  # for slack_service and the like


@pytest.fixture
def waits():
    with hurry() as asked:
        yield asked
