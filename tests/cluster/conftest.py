from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.nodes import Nodes


@pytest.fixture(scope="session")
def cluster() -> Iterator[Nodes]:
    """A cluster that every test finds or makes whole; without its head, nodes end after seconds instead of a minute."""
    made = Nodes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "10")
        # Of the 30 seconds that a head is waited for; a machine that does other work needs more.
        patch.setenv("RAY_gcs_server_port_wait_time_s", "120")
        yield made
        made.end()


@pytest.fixture
def nodes(cluster: Nodes) -> Nodes:
    """The cluster, whole."""
    cluster.fill()
    return cluster
