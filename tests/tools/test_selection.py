"""./dev test NAME runs what has that name, and builds and installs only what that needs."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run_in_dev(script, folder=ROOT):
    """What a script prints that calls functions of ./dev."""
    command = ["bash", "-c", f". {ROOT}/dev; cd {folder}; {script}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def plan(run, name):
    """(suites, level of ./dev setup, {preset: targets}) of ./dev test NAME, or of ./dev test --full NAME."""
    targets = 'for p in release asan tsan; do targets_for $p "${chosen[@]}" | sed s/^/$p:/; done'
    chosen = f"FILTER={name}; mapfile -t chosen < <(chosen_suites {run})"
    printed = run_in_dev(f'{chosen}; echo "${{chosen[*]}}"; level_of "${{chosen[@]}}"; {targets}')
    suites, level, *built = printed.splitlines()
    return suites.split(), level, sorted(built)


@pytest.mark.parametrize(("name", "suites", "level", "built"), [
    ("core", ["unit.core"], "build", ["release:core_test"]),
    ("cli", ["unit.cli", "unit.cli_client"], "test", ["release:cli_client_test", "release:cli_test"]),
    ("RefreshMachine", ["unit.core"], "build", ["release:core_test"]),
    ("ForcedRefresh", ["unit.core"], "build", ["release:core_test"]),
    ("integration", ["integration"], "test", ["release:credential-broker"]),
    ("test_get_token", ["integration"], "test", ["release:credential-broker"]),
    ("interop", ["interop"], "test", ["release:interop_server"]),
    ("tools", ["tools"], "test", []),
    ("no_such_test", [], "build", [])])  # fmt: skip
def test_a_name_selects_what_is_built(name, suites, level, built):
    assert plan("test", name) == (suites, level, built)


@pytest.mark.parametrize(("name", "suites", "level", "built"), [
    ("image", ["image"], "full", ["release:credential-broker"]),
    ("h2spec", ["h2spec", "asan.h2spec"], "test", ["asan:h2_hello_server", "release:h2_hello_server"]),
    ("asan.unit.core", ["asan.unit.core"], "test", ["asan:core_test"]),
    # Its client commands are those of the release build.
    ("tsan.integration", ["tsan.integration"], "test", ["release:credential-broker", "tsan:credential-broker"]),
    ("fuzz.config", ["fuzz.config"], "test", ["asan:config_fuzz"]),
    ("walk", ["asan.walk", "tsan.walk"], "test", ["asan:walk_front", "tsan:walk_front"]),
    ("debian13.unit.core", ["debian13.unit.core"], "full", [])])  # fmt: skip
def test_a_name_with_full_builds_no_other_preset(name, suites, level, built):
    assert plan("test-full", name) == (suites, level, built)


def test_suites_need_only_targets_that_exist():
    """Ninja builds nothing at all when it does not know one of its targets."""
    every = "suites_of test; suites_of test-full"
    needed = run_in_dev(f"for s in $({every}); do needs_of ${{s#[at]san.}}; done | cut -sd' ' -f2- | tr ' ' '\\n'").split()
    cmake = "\n".join(path.read_text() for path in [*ROOT.glob("src/**/CMakeLists.txt"), *ROOT.glob("tests/**/CMakeLists.txt")])
    executables = re.findall(r"^\w+_executable\(([\w-]+)", cmake, re.MULTILINE)
    suffixed = re.findall(r"^(?:room|fuzz)_(test|target)\((\w+)", cmake, re.MULTILINE)
    targets = {*executables, *(f"{name}_{'test' if kind == 'test' else 'fuzz'}" for kind, name in suffixed)}
    assert "core_test" in needed and "credential-broker" in needed
    assert set(needed) <= targets


@pytest.fixture
def room(tmp_path):
    """Unit tests of a room "core" in a folder of their own."""
    folder = tmp_path / "tests/core"
    folder.mkdir(parents=True)
    (folder / "refresh_machine_test.cc").write_text(
        "\nTEST(RefreshMachine, BeginsWithALogin) {\n}\nTEST_P(ForcedRefresh,\n       Waits) {\n  TEST(NotATest, Indented)\n}\n"
    )
    (folder / "secret_test.cc").write_text("\nTYPED_TEST(SecretTest, IsWiped) {\n}\nTEST_F(Other, OfRefreshMachine) {\n}\n")
    return tmp_path


@pytest.mark.parametrize(("name", "tests"), [
    ("RefreshMachine", ["RefreshMachine.BeginsWithALogin", "ForcedRefresh.Waits", "Other.OfRefreshMachine"]),
    ("RefreshMachineTest", ["RefreshMachine.BeginsWithALogin", "ForcedRefresh.Waits"]),
    ("ForcedRefresh", ["ForcedRefresh.Waits"]),
    ("SecretTest.IsWiped", ["SecretTest.IsWiped"]),
    ("Indented", [])])  # fmt: skip
def test_a_name_selects_unit_tests_by_their_name_and_by_their_file(room, name, tests):
    assert run_in_dev(f"FILTER={name}; selected_unit_tests core", room).split() == tests


def test_selected_unit_tests_are_run_with_their_parameters(room):
    flag = run_in_dev("FILTER=ForcedRefresh; unit_filter unit.core", room)
    assert flag == ("--gtest_filter=*ForcedRefresh*:ForcedRefresh.Waits:*/ForcedRefresh.Waits/*:ForcedRefresh/*.Waits")
