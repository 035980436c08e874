"""What each alert is tested at."""

import pytest


@pytest.fixture(params=(15, 30, 60), ids="scrape{}".format)
def scrape(request):
    """The scrape interval, in seconds."""
    return request.param


@pytest.fixture(params=(60, 300, 3600), ids="life{}".format)
def life(request):
    """The life of a token, in seconds."""
    return request.param
