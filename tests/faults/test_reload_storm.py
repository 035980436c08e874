"""Hundreds of changes of the configuration while callers call."""

import random
import signal

import yaml

from support.broker import Broker, credential, write_config, write_key_files
from support.callers import Callers

STORM = 200
NAMES = ("a", "b", "c")


def test_a_storm_of_reloads_ends_with_what_the_file_says_last(tmp_path, sandbox):
    """Three credentials are called throughout; a fourth comes and goes, rules and times change, and every third state is
    wrong. Whatever order the broker sees of it, nobody who calls sees anything."""
    folders = {name: tmp_path / name for name in (*NAMES, "d")}
    for folder in folders.values():
        folder.mkdir()
    entries = {name: credential(folder, sandbox, name) for name, folder in folders.items()}
    chance = random.Random(5)
    path = write_config(tmp_path, [entries[name] for name in NAMES])
    first = path.read_text()

    def write(text):
        fresh = tmp_path / "fresh.yaml"
        fresh.write_text(text)
        fresh.rename(path)

    def some_state():
        state = yaml.safe_load(first)
        names = [*NAMES, "d"] if chance.random() < 0.5 else NAMES
        principals = ["anonymous", f"dns:{chance.randrange(1000)}.example"]
        state["credentials"] = [
            {
                **entries[name],
                "request_timeout": f"{chance.randrange(5000, 9000)}ms",
                "allow": [{"principals": chance.sample(principals, 2)}],
            }
            for name in names
        ]
        return yaml.safe_dump(state)

    with Broker(path) as broker:
        broker.wait_event("token_obtained", count=len(NAMES))
        before = {name: broker.get_token(credential=name).version for name in NAMES}
        with Callers(broker.channel, names=NAMES) as callers:
            for i in range(STORM):
                good = some_state()
                write(good if i % 3 else good.replace("credentials:", "credential:"))
                broker.signal(signal.SIGHUP)
                if i % 10 == 0:
                    write_key_files(folders["a"])
                    callers.wait_for_calls(1)
            # The last word: the fourth is there, and nothing else of the storm.
            state = yaml.safe_load(first)
            state["credentials"] = [{**entries[name], "connect_timeout": "1900ms"} for name in (*NAMES, "d")]
            state["log"] = {"level": "info"}
            write(yaml.safe_dump(state))
            reloaded = broker.wait_event("config_reloaded", changed="credentials, log.level")
            assert reloaded.get("restart_needed") is None
            callers.wait_for_calls(20)
        assert callers.errors == []
        # No session was touched: each has had one token throughout.
        assert callers.versions == {name: {version} for name, version in before.items()}
        assert broker.get_token(credential="d").value
        logins = [e for e in broker.events("token_obtained") if e["credential"] in NAMES]
        assert len(logins) == len(NAMES)
        assert broker.events("config_refused")
