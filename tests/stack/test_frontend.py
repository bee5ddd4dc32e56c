"""When the frontend is built, and that a half-built one is never taken for a whole one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from stack.frontend import Frontend, FrontendBuildError, node_directory
from stack.same_origin import OriginError, rewrite

# A build step that says what it does, in place of Reflex: half a build, then the rest when it may.
SLOW_BUILD = """
import os, pathlib, time
pathlib.Path(".web/build/client").mkdir(parents=True, exist_ok=True)
pathlib.Path(".web/build/client/index.html").write_text("half")
pathlib.Path("began").touch()
while pathlib.Path("hold").exists():
    time.sleep(0.01)
with open("builds", "a") as builds:
    builds.write("built\\n")
pathlib.Path(".web/build/client/index.html").write_text("whole")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, content in {
        "opsportal/pages/home.py": "page = 1",
        "opsportal/migrations/0001.py": "",
        "assets/site.css": "",
        "rxconfig.py": "",
        "requirements.txt": "",
        "stack/__init__.py": "",
        "stack/same_origin.py": "",
        "stack/reflex_build.py": SLOW_BUILD,
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return tmp_path


def build(project: Path) -> bool:
    return Frontend(project).build(os.environ, log=project / "log")


def builds(project: Path) -> int:
    return len((project / "builds").read_text().splitlines())


def test_is_built_once(project: Path) -> None:
    assert build(project) is True
    assert build(project) is False
    assert builds(project) == 1


@pytest.mark.parametrize(
    "source", ["opsportal/pages/home.py", "assets/site.css", "rxconfig.py", "requirements.txt"]
)
def test_is_built_again_when_a_source_changes(project: Path, source: str) -> None:
    build(project)
    (project / source).write_text("# changed")
    assert build(project) is True


def test_is_built_again_when_the_locked_packages_change(project: Path) -> None:
    build(project)
    (project / "reflex.lock").mkdir()
    (project / "reflex.lock/package-lock.json").write_text("{}")
    assert build(project) is True


def test_committed_list_of_packages_does_not_change_from_build_to_build(project: Path) -> None:
    packages = project / "reflex.lock" / "package.json"
    packages.parent.mkdir()
    packages.write_text('{"type":"module","dependencies":{"react":"^19","isbot":"^5"}}')
    build(project)
    tidy = packages.read_text()
    assert tidy == (
        '{\n  "dependencies": {\n    "isbot": "^5",\n    "react": "^19"\n  },\n  "type": "module"\n}\n'
    )
    packages.write_text('{"dependencies":{"isbot":"^5","react":"^19"},"type":"module"}')
    (project / "assets/site.css").write_text("changed")
    build(project)
    assert packages.read_text() == tidy


def test_what_pages_do_not_depend_on_changes_nothing(project: Path) -> None:
    build(project)
    (project / "opsportal/migrations/0002.py").write_text("")
    (project / "opsportal/pages/__pycache__").mkdir()
    (project / "opsportal/pages/__pycache__/home.pyc").write_text("")
    (project / "workers").mkdir()
    assert build(project) is False


def test_an_interrupted_build_is_done_again(project: Path) -> None:
    (project / "hold").touch()
    code = "import os, sys; from pathlib import Path; from stack.frontend import Frontend\n"
    code += "Frontend(Path(sys.argv[1])).build(os.environ, log=Path(sys.argv[1]) / 'log')"
    with subprocess.Popen([sys.executable, "-c", code, str(project)], start_new_session=True) as child:
        while not (project / "began").exists():
            assert child.poll() is None
        os.killpg(child.pid, 9)
    assert (project / ".web/build/client/index.html").read_text() == "half"
    (project / "hold").unlink()
    assert Frontend(project).is_current() is False
    assert build(project) is True
    assert (project / ".web/build/client/index.html").read_text() == "whole"
    assert builds(project) == 1


def test_two_at_a_time_build_once(project: Path) -> None:
    (project / "hold").touch()
    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.append(build(project))) for _ in range(2)]
    for thread in threads:
        thread.start()
    while not (project / "began").exists():
        pass
    (project / "hold").unlink()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, True]
    assert builds(project) == 1


def test_a_failed_build_says_why_and_is_not_current(project: Path) -> None:
    (project / "stack/reflex_build.py").write_text("raise SystemExit('TypeError: no such component')")
    with pytest.raises(
        FrontendBuildError, match=r"could not be built \(TypeError: no such component\): .*/log has"
    ):
        build(project)
    assert Frontend(project).is_current() is False


def test_a_failed_build_names_what_npm_failed_on(project: Path) -> None:
    said = (
        "npm error code ENOTFOUND", "npm error network request failed, reason: getaddrinfo ENOTFOUND host",
        "npm verbose cwd an error of nobody", "npm error A complete log of this run can be found in: …",
        "Run with debug for the full log.",
    )  # fmt: skip
    records = [json.dumps({"event": f"{line}\n", "level": "error"}) for line in said]
    (project / "stack/reflex_build.py").write_text(f"print('\\n'.join({records!r})); raise SystemExit(1)")
    with pytest.raises(FrontendBuildError, match=r"\(npm error network request failed, reason: .* host\)"):
        build(project)


def test_a_build_without_pages_is_a_failure(project: Path) -> None:
    (project / "stack/reflex_build.py").write_text("")
    with pytest.raises(FrontendBuildError, match="nothing was written"):
        build(project)


def test_node_is_the_one_that_pip_installed() -> None:
    version = subprocess.run(
        [node_directory() / "node", "--version"], capture_output=True, text=True, check=True
    )
    assert tuple(map(int, version.stdout.strip()[1:].split("."))) >= (22, 22, 0)


def test_addresses_become_the_pages_own_origin(tmp_path: Path) -> None:
    script = tmp_path / "assets" / "state.js"
    script.parent.mkdir()
    script.write_text(
        'let e={PING:"http://origin.invalid/ping",EVENT:`ws://origin.invalid/_event`,T:`websocket`};'
    )
    assert rewrite(tmp_path) == 2
    assert script.read_text() == (
        'let e={PING:(location.origin+"/ping"),EVENT:("ws"+location.origin.slice(4)+"/_event"),T:`websocket`};'
    )


@pytest.mark.parametrize("content", ["let e={}", 'let e="x http://origin.invalid/ping"'])
def test_a_build_whose_addresses_are_not_found_fails(tmp_path: Path, content: str) -> None:
    (tmp_path / "state.js").write_text(content)
    with pytest.raises(OriginError):
        rewrite(tmp_path)
    assert (tmp_path / "state.js").read_text() == content
