"""One clean and one spoiled district, simulated once for all tests of this folder."""

import pytest

from dropout_risk.simulate.district import simulate_district, simulate_tables


@pytest.fixture(scope="session")
def tables():
    return simulate_tables(1200, seed=3).tables


@pytest.fixture(scope="session")
def frames(tables):
    return {name: table.to_pandas() for name, table in tables.items()}


@pytest.fixture(scope="session")
def district():
    return simulate_district(1200, seed=3)


@pytest.fixture(scope="session")
def dirty():
    return simulate_district(1200, seed=3, dirty=True)
