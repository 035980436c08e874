"""A caller with a certificate that does nothing but handshakes."""

import contextlib
import os

from support.attack_target import ATTACKERS, SUSTAINED_P99_MS, SUSTAINED_SECONDS
from support.handshakes import Handshakes
from support.processes import sanitized

# Fewer would show little. Some 6,900 were measured on two busy cores, shared with the attack.
AT_LEAST = 20 if sanitized() else 200


def test_a_flood_of_completed_handshakes(target):
    """With a valid client certificate, from four addresses, as fast as one machine can make them."""
    client = target.certificates.client("spiffe://prod/ns/elsewhere/sa/attacker")
    with target.under_attack("completed handshakes", p99_ms=SUSTAINED_P99_MS) as figures:
        with contextlib.ExitStack() as stack:
            arguments = (SUSTAINED_SECONDS, target.broker.address, target.certificates.ca, client, ATTACKERS)
            processes = [stack.enter_context(Handshakes(*arguments)) for _ in range(os.cpu_count())]
            results = [process.finish() for process in processes]
        figures["completed"] = sum(result["completed"] for result in results)
    assert figures["completed"] >= AT_LEAST, results
