"""No descriptor is left: the listener pauses and comes back, and whoever is connected never notices."""

from support.attack_target import ATTACKER, running_target
from support.processes import wait_for
from support.raw_h2 import connect
from support.sandbox import Sandbox

LIMIT = 100
LIFETIME_SECONDS = 6


def test_descriptors_run_out(tmp_path):
    """Those who are connected are served all the while, with tokens that are fresh: refreshing them takes descriptors too."""
    with Sandbox(tmp_path, lifetime=LIFETIME_SECONDS) as sandbox, running_target(tmp_path, sandbox) as target:
        with target.under_attack("no descriptors left", cpu_seconds=2):
            target.limit_descriptors(LIMIT)
            tokens = len(target.broker.events("token_obtained"))
            held = [connect(target.broker.address, source=ATTACKER) for _ in range(2 * LIMIT)]
            assert wait_for(lambda: target.connections > LIMIT // 2, timeout=5)
            target.broker.wait_event("token_obtained", count=tokens + 3)
            assert target.connections < LIMIT
            for raw in held:
                raw.close()
