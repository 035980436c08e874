"""Order of the tests of this folder."""


def pytest_collection_modifyitems(items):
    """The longest first, so that the others run beside it."""
    items.sort(key=lambda item: "outage_of_100_s" not in item.name)
