"""./dev test, ./dev check and .ci/run report only what has run as passed."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUITES = """
unit.core     3  test asan
unit.rpc      1  test
conformance  =5  test
fuzz.config   1  test-full
format       10  check
"""


def run(command, cwd, **env):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False, env=env or None)


class Dev:
    """The functions of ./dev in a directory of their own, with the suites of SUITES."""

    def __init__(self, folder):
        self.folder = folder
        self.stage = folder / "logs/test"
        (folder / "suites.txt").write_text(SUITES)

    def __call__(self, script, stage="test"):
        self.stage = self.folder / "logs" / stage
        prepared = f"""
            . {ROOT}/dev
            cd {self.folder}
            ROOT=$PWD LOGS=$PWD/logs SUITES=$PWD/suites.txt CORES=1
            python_suite() {{ :; }}
            codename() {{ echo trixie; }}
            stage {stage}
        """
        return run(["bash", "-c", prepared + script], self.folder)

    def result(self, name):
        """passed, failed, skipped; None where the suite left no result."""
        file = self.stage / f"{name}.result"
        return tuple(int(word) for word in file.read_text().split()[:3]) if file.exists() else None

    def log(self, name):
        return (self.stage / f"{name}.log").read_text()

    def write_program(self, path, *lines):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(["#!/bin/sh", *(f"echo '{line}'" for line in lines)]) + "\n")
        file.chmod(0o755)


@pytest.fixture
def dev(tmp_path):
    return Dev(tmp_path)


def gtest_lines(count):
    return [f"[       OK ] Suite.Test{number} (0 ms)" for number in range(count)]


def add_room(dev, name):
    (dev.folder / "tests" / name).mkdir(parents=True)
    (dev.folder / "tests" / name / "CMakeLists.txt").write_text(f"room_test({name}\n  SOURCES a_test.cc)\n")


@pytest.mark.parametrize(("cases", "failed"), [(0, 1), (2, 1), (3, 0), (4, 0)])
def test_a_suite_with_fewer_cases_than_the_table_requires_fails(dev, cases, failed):
    dev.write_program("program", *gtest_lines(cases))
    dev("suite unit.core gtest 10 ./program")
    assert dev.result("unit.core") == (cases, failed, 0)


def test_a_failed_suite_names_its_failed_tests_first(dev):
    long = [f"line {number}" for number in range(60)]
    dev.write_program("program", *gtest_lines(3), "[  FAILED  ] Suite.Broken (0 ms)", *long, "exit")
    lines = dev("suite unit.core gtest 10 ./program").stderr.splitlines()
    failed = next(number for number, line in enumerate(lines) if line.strip() == "FAILED  unit.core")
    assert lines[failed + 1].strip() == "[  FAILED  ] Suite.Broken (0 ms)"
    assert lines[-2].strip() == "line 59"


@pytest.mark.parametrize("name", ["asan.unit.core", "debian13.unit.core", "debian13.asan.unit.core"])
def test_presets_and_debian_13_share_the_minimum_of_a_suite(dev, name):
    dev.write_program("program", *gtest_lines(2))
    dev(f"suite {name} gtest 10 ./program")
    assert dev.result(name) == (2, 1, 0)
    assert "requires at least 3" in dev.log(name)


@pytest.mark.parametrize(("cases", "failed"), [(4, 1), (5, 0), (6, 1)])
def test_a_suite_with_an_exact_number_of_cases_fails_with_any_other(dev, cases, failed):
    dev(f"suite conformance counted 10 echo '{cases} passed, 0 failed'")
    assert dev.result("conformance") == (cases, failed, 0)


def test_a_suite_that_the_table_does_not_list_fails(dev):
    dev("suite unit.new gtest 10 echo '[       OK ] Suite.Test (0 ms)'")
    assert dev.result("unit.new") == (1, 1, 0)
    assert "has no line for unit.new" in dev.log("unit.new")


def test_a_failure_that_a_suite_reports_is_counted_once(dev):
    dev("suite conformance counted 10 sh -c 'echo 1 passed, 2 failed; exit 1'")
    assert dev.result("conformance") == (1, 2, 0)


@pytest.mark.parametrize(("name", "failed"), [("OneTest", 0), ("core", 1)])
def test_a_filter_for_single_tests_needs_no_minimum_and_one_for_a_suite_does(dev, name, failed):
    dev.write_program("program", *gtest_lines(1))
    dev(f"FILTER={name}; suite unit.core gtest 10 ./program")
    assert dev.result("unit.core") == (1, failed, 0)


def test_a_suite_that_a_filter_names_and_that_runs_nothing_fails(dev):
    dev("FILTER=core; suite unit.core gtest 10 true")
    assert dev.result("unit.core") == (0, 1, 0)


@pytest.mark.parametrize(("files", "failed"), [(0, 1), (9, 1), (10, 0)])
def test_a_check_of_too_few_files_fails(dev, files, failed):
    (dev.folder / "list").write_text("a\n" * files)
    dev("suite_over_files format list true", stage="check")
    assert dev.result("format") == (1, failed, 0)


@pytest.mark.parametrize(("text", "failed"), [("", 1), ("looked at 9 files", 1), ("looked at 10 files", 0)])
def test_a_check_that_examines_too_little_fails(dev, text, failed):
    dev(f"suite format looked 10 echo '{text}'", stage="check")
    assert dev.result("format") == (1, failed, 0)


def test_a_suite_that_has_not_run_is_a_failure_in_the_report(dev):
    dev.write_program("program", *gtest_lines(3))
    report = dev("suite unit.core gtest 10 ./program; suite conformance counted 10 echo '5 passed, 0 failed'; report")
    assert report.returncode == 1
    assert "MISSING unit.rpc" in report.stderr
    assert report.stdout.endswith("\n8 passed, 1 failed\n")


def test_a_report_is_good_when_every_suite_has_run(dev):
    dev.write_program("program", *gtest_lines(3))
    report = dev("suite unit.core gtest 10 ./program; suite conformance counted 10 echo '5 passed, 0 failed'\n"
                 "suite unit.rpc gtest 10 ./program; report")
    assert report.returncode == 0, report.stderr
    assert report.stdout.endswith("\n11 passed, 0 failed\n")


def test_with_a_filter_no_suite_is_reported_as_missing(dev):
    dev.write_program("program", *gtest_lines(3))
    report = dev("FILTER=unit.core; suite unit.core gtest 10 ./program; report")
    assert report.returncode == 0, report.stderr


def test_suites_of_each_preset_are_reported_as_missing(dev):
    report = dev("report", stage="test-full")
    assert "MISSING asan.unit.core" in report.stderr
    assert "MISSING fuzz.config" in report.stderr
    assert "unit.rpc" not in report.stderr


def test_suites_on_debian_13_are_reported_as_missing_on_debian_12_only(dev):
    assert "debian13" not in dev("report", stage="test-full").stderr
    report = dev("codename() { echo bookworm; }; report", stage="test-full")
    assert "MISSING debian13.conformance" in report.stderr


def test_a_test_program_that_was_not_built_is_a_failure(dev):
    add_room(dev, "core")
    dev("suites_of_preset release")
    assert dev.result("unit.core") == (0, 1, 0)


def test_a_test_program_of_a_room_that_is_gone_does_not_run(dev):
    add_room(dev, "core")
    for room in ("core", "gone"):
        dev.write_program(f"build/release/tests/{room}_test", *gtest_lines(3))
    dev("suites_of_preset release")
    assert dev.result("unit.core") == (3, 0, 0)
    assert dev.result("unit.gone") is None


@pytest.mark.parametrize(("units", "passed"), [(None, 0), (0, 0), (5000, 1)], ids=["not built", "idle", "busy"])
def test_a_fuzzer_passes_only_when_it_has_executed_something(dev, units, passed):
    (dev.folder / "tests/fuzz/config").mkdir(parents=True)
    (dev.folder / "tests/fuzz/config/CMakeLists.txt").write_text("fuzz_target(config SOURCES config_fuzz.cc)\n")
    if units is not None:
        dev.write_program("build/asan/fuzz/config_fuzz", f"stat::number_of_executed_units: {units}")
    dev("fuzz_suites 1", stage="test-full")
    assert dev.result("fuzz.config") == (passed, 1 - passed, 0)


@pytest.mark.parametrize(("said", "status"), [("", 1), ("0 passed, 0 failed", 1), ("3 passed, 0 failed, 1 skipped", 1),
                                             ("3 passed, 0 failed", 0)])  # fmt: skip
def test_a_step_of_ci_without_passed_tests_fails(tmp_path, said, status):
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci/run").write_bytes((ROOT / ".ci/run").read_bytes())
    (tmp_path / "dev").write_text(f'#!/bin/sh\nif [ "$1" = check ]; then echo "{said}"; else echo "1 passed, 0 failed"; fi\n')
    (tmp_path / "dev").chmod(0o755)
    assert run(["bash", ".ci/run"], tmp_path).returncode == status


def copy_tool(tmp_path, name, *files):
    """Puts that tool into a checkout of these files alone, as git lists them."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / name).write_bytes((ROOT / "tools" / name).read_bytes())
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text("#!/bin/sh\n" + "".join(f"echo {file}\n" for file in files))
    (tmp_path / "bin/git").chmod(0o755)
    return ["env", f"PATH={tmp_path}/bin:/usr/bin:/bin", "python3", f"tools/{name}"]


@pytest.mark.parametrize(("text", "status"), [
    ("Nothing to look at.", 1),
    ("[a link](README.md)", 1),
    ("[a link](README.md), `tests/x.py::test_x`\n\n```sh\n./dev help\n```\n", 0)])  # fmt: skip
def test_a_check_of_documents_without_commands_links_or_tests_fails(tmp_path, text, status):
    command = copy_tool(tmp_path, "docs.py", "README.md")
    (tmp_path / "README.md").write_text(text)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/x.py").write_text("def test_x(): pass\n")
    (tmp_path / "dev").write_text("#!/bin/sh\necho './dev help'\n")
    (tmp_path / "dev").chmod(0o755)
    checked = run([*command, "credential-broker"], tmp_path)
    assert checked.returncode == status, checked.stdout + checked.stderr


@pytest.mark.parametrize(("where", "status"), [("src/*", 0), ("gone/*", 1)])
def test_a_rule_whose_pattern_matches_no_file_is_broken(tmp_path, where, status):
    command = copy_tool(tmp_path, "rules.py", "src/a.cc")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.cc").write_text("\n")
    (tmp_path / "tools/rules.toml").write_text(
        f'[[rule]]\nname = "a rule"\npattern = "bad"\nwhere = ["{where}"]\nallowed = []\nwhy = "why"\n')
    assert run(command, tmp_path).returncode == status


def test_counting_instructions_of_a_broker_that_does_not_start_fails(tmp_path):
    counted = run(["bash", ROOT / "tests/bench/instructions_check.sh", tmp_path], tmp_path)
    assert counted.returncode == 1
    assert "did not start" in counted.stderr


@pytest.mark.parametrize("said", ["", "Finished in 1.0 seconds\n0 tests, 0 passed, 0 skipped, 0 failed"])
def test_h2spec_that_runs_nothing_fails(tmp_path, said):
    (tmp_path / "tests").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "tests/h2_hello_server").write_text("#!/bin/sh\necho 127.0.0.1:1\nexec tail -f /dev/null\n")
    (tmp_path / "bin/h2spec").write_text(f"#!/bin/sh\necho '{said}'\n")
    for program in ("tests/h2_hello_server", "bin/h2spec"):
        (tmp_path / program).chmod(0o755)
    command = ["bash", ROOT / "tests/conformance/run_h2spec.sh", tmp_path]
    assert run(command, tmp_path, PATH=f"{tmp_path}/bin:/usr/bin:/bin").returncode == 1
