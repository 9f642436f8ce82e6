"""The files around the code agree with each other: versions, targets, tools, licences."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

LIMIT = 500  # kB of a file that git takes


def load(root: Path, name: str) -> dict[Any, Any]:
    text = (root / name).read_text(encoding="utf-8")
    loaded: dict[Any, Any] = tomllib.loads(text) if name.endswith(".toml") else yaml.safe_load(text)
    return loaded


@pytest.fixture(scope="module")
def workflow(root: Path) -> dict[Any, Any]:
    return load(root, ".github/workflows/ci.yml")


@pytest.fixture(scope="module")
def tracked(root: Path) -> dict[str, Path]:
    """The files that git has by name, or an aloud skip outside of a repository."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("this is not a git repository")
    return {name: root / name for name in done.stdout.split("\0") if (root / name).is_file()}


def test_version_authors_and_licence_are_the_same_everywhere(root: Path) -> None:
    project = load(root, "pyproject.toml")["project"]
    citation = load(root, "CITATION.cff")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    release, date = re.findall(r"(?m)^## \[(.+?)\] - (.+)$", changelog)[0]
    assert citation["version"] == project["version"] == release
    assert date == str(citation.get("date-released", "Unreleased"))
    assert citation["authors"] == [{"name": load(root, "_quarto.yml")["book"]["author"]}]
    assert set(citation["license"]) == set(project["license"].split(" AND "))


def test_pre_commit_has_the_versions_of_the_constraints(root: Path) -> None:
    pins = dict(
        line.split("==") for line in (root / "constraints.txt").read_text().split() if "==" in line
    )
    repositories = load(root, ".pre-commit-config.yaml")["repos"]
    revisions = {r["repo"].split("/")[-1]: r.get("rev") for r in repositories}
    assert revisions["ruff-pre-commit"] == f"v{pins['ruff']}"
    assert revisions["codespell"] == f"v{pins['codespell']}"


def test_nothing_generated_large_or_taken_from_cifar10_is_committed(
    root: Path, tracked: dict[str, Path]
) -> None:
    large = {name for name, path in tracked.items() if path.stat().st_size > LIMIT * 1024}
    assert all(name.startswith(("results/", "src/qmdbook/fonts/")) for name in large)
    assert {name for name in tracked if name.endswith(".ipynb")} <= {"results/coding.ipynb"}
    images = {name for name in tracked if re.search(r"\.(png|jpe?g|webp|gif)$", name)}
    assert all(name.startswith(".github/") for name in images)


def test_text_files_end_in_a_line_and_have_unix_ends(tracked: dict[str, Path]) -> None:
    for name, path in tracked.items():
        content = path.read_bytes()
        if b"\0" not in content and not name.startswith("results/"):
            assert content.endswith(b"\n") or not content, name
            assert b"\r" not in content, name


def test_ci_runs_make_check_on_every_system_and_python(
    root: Path, workflow: dict[Any, Any]
) -> None:
    assert "\nmake check\n" in (root / ".ci/run").read_text(encoding="utf-8")
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert any(step.get("run", "").startswith("make check ") for step in steps)
    matrix = workflow["jobs"]["check"]["strategy"]["matrix"]
    assert [name.split("-")[0] for name in matrix["os"]] == ["ubuntu", "macos", "windows"]
    oldest = load(root, "pyproject.toml")["project"]["requires-python"]
    assert oldest.startswith(f">={matrix['python'][0]}")


def test_the_workflow_is_pinned_limited_and_may_do_little(
    root: Path, workflow: dict[Any, Any]
) -> None:
    text = (root / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    used = re.findall(r"(?m)^\s*(?:- )?uses: (.*)$", text)
    assert all(re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v[\d.]+", use) for use in used)
    assert workflow["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())
    assert set(workflow["jobs"]["publish"]["needs"]) == {"check", "book"}
