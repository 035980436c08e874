"""The command line as a person and a script use it: stdout, stderr, exit status, environment."""

import json
import os
import shlex
import signal
import socket
import ssl
import subprocess
import urllib.parse

import pytest

from support.broker import Broker, credential, write_config
from support.certificates import Certificates
from support.processes import CLIENT_BINARY, TIMEOUT, Process, run


@pytest.fixture
def client(broker):
    """Runs a client command against the broker."""
    broker.get_token()
    return lambda *args, **more: run(*args, "--plaintext", "--address", broker.address, **more)


class TestTokenPrint:
    def test_value_is_all_of_stdout(self, client, broker):
        done = client("token", "print")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == broker.get_token().value + "\n"

    def test_header(self, client, broker):
        assert client("token", "print", "-o", "header").stdout == f"Authorization: Bearer {broker.get_token().value}\n"

    def test_json(self, client, broker):
        token = broker.get_token()
        printed = json.loads(client("token", "print", "-o", "json").stdout)
        assert token.value in printed.values()
        assert token.version in printed.values()

    def test_env_can_be_evaluated_by_a_shell(self, client, broker):
        line = client("token", "print", "-o", "env").stdout
        shell = subprocess.run(["sh", "-c", line + '\nprintf %s "$INVESTSUITE_ACCESS_TOKEN"'],
                               capture_output=True, text=True, check=True)  # fmt: skip
        assert shell.stdout == broker.get_token().value

    def test_min_validity_that_cannot_be_met_exits_2_and_says_why(self, client):
        done = client("token", "print", "--min-validity", "1h")
        assert (done.returncode, done.stdout) == (2, "")
        assert "MIN_VALIDITY_TOO_LONG" in done.stderr

    def test_not_allowed_exits_4(self, tmp_path, sandbox):
        with Broker(write_config(tmp_path, [credential(tmp_path, sandbox, principals=["dns:other"])])) as broker:
            done = run("token", "print", "--plaintext", "--address", broker.address)
        assert (done.returncode, done.stdout) == (4, "")
        assert "CALLER_NOT_ALLOWED" in done.stderr

    def test_nobody_listening_exits_2(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            done = run("token", "print", "--plaintext", "--address", address)
        assert (done.returncode, done.stdout) == (2, "")
        assert address in done.stderr

    def test_usage_error_exits_1_and_names_the_nearest(self):
        done = run("token", "print", "--min-validty", "1s")
        assert (done.returncode, done.stdout) == (1, "")
        assert "--min-validity" in done.stderr

    def test_environment_names_the_broker(self, broker):
        done = run("token", "print", env={"CREDENTIAL_BROKER_ADDRESS": broker.address, "CREDENTIAL_BROKER_PLAINTEXT": "true"})
        assert done.stdout.strip() == broker.get_token().value

    def test_mutual_tls_by_flags(self, tmp_path, sandbox):
        certificates = Certificates(tmp_path)
        caller = certificates.client("spiffe://prod/cli")
        config = write_config(
            tmp_path,
            [credential(tmp_path, sandbox, principals=["spiffe://prod/cli"])],
            server={"tls": certificates.server_files(mutual=True)},
        )
        with Broker(config) as broker:
            done = run("token", "print", "--address", broker.address, "--ca-file", certificates.ca,
                       "--cert-file", caller.cert, "--key-file", caller.key)  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")


class TestExec:
    def exec(self, broker, *command, **more):
        return run("exec", "--plaintext", "--address", broker.address, "--", *command, **more)

    def test_the_token_is_in_the_environment_and_nowhere_on_a_command_line(self, broker):
        done = self.exec(broker, "sh", "-c", 'printf %s "$INVESTSUITE_ACCESS_TOKEN"; tr "\\0" " " </proc/$$/cmdline >&2')
        token = broker.get_token().value
        assert done.stdout == token
        assert token not in done.stderr

    def test_its_exit_status_is_ours(self, broker):
        assert self.exec(broker, "sh", "-c", "exit 37").returncode == 37

    def test_another_variable(self, broker):
        done = run("exec", "--plaintext", "--address", broker.address, "--env", "MY_TOKEN", "--",
                   "sh", "-c", 'printf %s "$MY_TOKEN"')  # fmt: skip
        assert done.stdout == broker.get_token().value

    def test_a_command_that_is_not_there_is_a_local_error(self, broker):
        done = self.exec(broker, "/nowhere/no-such-command")
        assert done.returncode in (1, 127)
        assert "/nowhere/no-such-command" in done.stderr


def test_credentials_list(client):
    done = client("credentials", "list")
    assert done.returncode == 0
    assert "default" in done.stdout and "READY" in done.stdout.upper()


class TestHealth:
    def test_serving(self, client):
        assert client("health").returncode == 0

    def test_not_serving_while_there_is_no_token(self, tmp_path, sandbox):
        sandbox.set_faults(login_status=503)
        with Broker(write_config(tmp_path, [credential(tmp_path, sandbox)])) as broker:
            done = run("health", "--plaintext", "--address", broker.address)
            assert done.returncode == 2
            assert "NOT_SERVING" in done.stderr

    def test_nobody_there(self):
        assert run("health", "--plaintext", "--address", "127.0.0.1:1").returncode == 2


class TestCheckConfig:
    def test_a_good_file(self, tmp_path, sandbox):
        done = run("check-config", write_config(tmp_path, [credential(tmp_path, sandbox)]))
        assert (done.returncode, done.stdout) == (0, "")

    def test_a_bad_one_names_file_line_key_and_the_mend(self, tmp_path, sandbox):
        path = write_config(tmp_path, [credential(tmp_path, sandbox, refrsh_at=0.4)])
        line = path.read_text().splitlines().index("  refrsh_at: 0.4") + 1
        done = run("check-config", path)
        assert done.returncode == 1
        assert f"{path}:{line}" in done.stderr
        assert "refrsh_at" in done.stderr and "refresh_at" in done.stderr

    def test_serve_refuses_it_too(self, tmp_path, sandbox):
        path = write_config(tmp_path, [credential(tmp_path, sandbox)], server={"admin": {}})
        assert run("serve", "--config", path).returncode == 1

    def test_a_feature_that_is_not_there_yet_is_refused_by_name(self, tmp_path, sandbox):
        path = write_config(tmp_path, [credential(tmp_path, sandbox)])
        path.write_text(path.read_text() + "envoy: {enabled: true}\n")
        done = run("check-config", path)
        assert done.returncode == 1
        assert "envoy" in done.stderr and "not supported yet" in done.stderr


def test_version():
    done = run("version")
    assert done.returncode == 0
    assert done.stdout.strip()[0].isdigit() or "credential-broker" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_every_subcommand(shell):
    script = run("completion", shell).stdout
    for word in ("serve", "check-config", "health", "token", "exec", "credentials", "sandbox", "version"):
        assert word in script


def test_bash_completes(tmp_path):
    script = tmp_path / "completion.bash"
    script.write_text(run("completion", "bash").stdout)
    probe = (
        f"source {shlex.quote(str(script))}; COMP_WORDS=(credential-broker tok); COMP_CWORD=1; "
        "spec=$(complete -p credential-broker); function=${spec##*-F }; "
        "${function%% *} credential-broker tok credential-broker; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", probe], capture_output=True, text=True, check=True)
    assert "token" in done.stdout.split()


@pytest.mark.parametrize("command", [[], ["serve"], ["token", "print"], ["exec"], ["health"], ["sandbox"]])
def test_help_teaches_by_example(command):
    done = run(*command, "--help")
    assert done.returncode == 0
    assert "Examples:" in done.stdout
    assert "credential-broker" in done.stdout


class TestServe:
    def test_a_traced_grpc_library_is_refused(self, tmp_path, sandbox):
        config = write_config(tmp_path, [credential(tmp_path, sandbox)])
        for variable in ({"GRPC_TRACE": "http"}, {"GRPC_VERBOSITY": "debug"}):
            done = run("serve", "--config", config, env=variable)
            assert done.returncode == 1
            assert next(iter(variable)) in done.stderr

    def test_a_port_that_is_taken_is_named(self, tmp_path, sandbox):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            config = write_config(tmp_path, [credential(tmp_path, sandbox)], server={"listen": address})
            done = run("serve", "--config", config)
        assert done.returncode == 1
        assert address in done.stderr

    def test_the_flag_wins_over_the_environment_and_that_over_the_file(self, tmp_path, sandbox):
        config = write_config(tmp_path, [credential(tmp_path, sandbox)], server={"listen": f"unix:{tmp_path}/file"})
        env = {"CREDENTIAL_BROKER_LISTEN": f"unix:{tmp_path}/env"}
        with Broker(config, env=env) as broker:
            assert broker.address.endswith("/env")
        with Broker(config, "--listen", f"unix:{tmp_path}/flag", env=env) as broker:
            assert broker.address.endswith("/flag")


class TestDev:
    def test_it_needs_no_files_and_gives_a_token(self):
        with Process("serve", "--dev", "--listen", "127.0.0.1:0") as dev:
            address = dev.wait_event("serving")["grpc"]
            done = run("token", "print", "--plaintext", "--address", address)
            assert (done.returncode, done.stderr) == (0, "")
            assert dev.terminate() == 0

    @pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"])
    def test_off_loopback_is_refused(self, listen):
        done = run("serve", "--dev", "--listen", listen)
        assert done.returncode == 1
        assert "loopback" in done.stderr

    @pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL, signal.SIGABRT])
    def test_it_leaves_no_files_behind(self, tmp_path, end):
        with Process("serve", "--dev", "--listen", "127.0.0.1:0", env={"TMPDIR": str(tmp_path)}, cwd=tmp_path) as dev:
            dev.wait_event("token_obtained")
            assert list(tmp_path.iterdir()) == []
            dev.signal(end)
            assert dev.wait() == (0 if end == signal.SIGTERM else -end)
        assert list(tmp_path.iterdir()) == []

    def test_it_writes_the_sandboxs_ca_where_it_is_asked_to(self, tmp_path):
        ca_file = tmp_path / "ca.pem"
        with Process("serve", "--dev", "--listen", "127.0.0.1:0", "--sandbox-ca-out", ca_file) as dev:
            sandbox = urllib.parse.urlsplit(dev.wait_event("serving")["sandbox"])
            context = ssl.create_default_context(cafile=ca_file)
            with socket.create_connection((sandbox.hostname, sandbox.port), TIMEOUT) as connection:
                context.wrap_socket(connection, server_hostname=sandbox.hostname).close()

    def test_a_ca_file_that_cannot_be_written_is_an_error(self, tmp_path):
        done = run("serve", "--dev", "--listen", "127.0.0.1:0", "--sandbox-ca-out", tmp_path / "none" / "ca.pem")
        assert done.returncode == 1
        assert f"--sandbox-ca-out: cannot write {tmp_path}/none/ca.pem: No such file" in done.stderr

    def test_only_dev_has_a_sandbox(self, tmp_path):
        done = run("serve", "--config", tmp_path / "none.yaml", "--sandbox-ca-out", tmp_path / "ca.pem")
        assert (done.returncode, "--sandbox-ca-out needs --dev" in done.stderr) == (1, True)

    def test_credential_not_found_is_told_to_whoever_may_use_all(self):
        with Process("serve", "--dev", "--listen", "127.0.0.1:0") as dev:
            address = dev.wait_event("serving")["grpc"]
            done = run("token", "print", "--credential", "defualt", "--plaintext", "--address", address)
        assert done.returncode == 2
        assert "CREDENTIAL_NOT_FOUND" in done.stderr


def test_a_closed_stdout_is_an_error(broker):
    broker.get_token()
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([CLIENT_BINARY, "token", "print", "--plaintext", "--address", broker.address],
                          stdout=write, stderr=subprocess.PIPE, timeout=TIMEOUT, check=False)  # fmt: skip
    os.close(write)
    assert done.returncode in (1, -signal.SIGPIPE)
