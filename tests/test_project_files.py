"""The files around the code agree with each other: versions, targets, tools, licences."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from qmdbook.quarto import MINIMUM

LIMIT = 500  # kB of a file that git takes


def read(root: Path, name: str) -> str:
    return (root / name).read_text(encoding="utf-8")


def load(root: Path, name: str) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(read(root, name))
    return loaded


def tracked(root: Path) -> list[Path]:
    """The files that git has, or an aloud skip outside of a repository."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("this is no git repository")
    return [root / name for name in done.stdout.split("\0") if name]


def pin(root: Path, name: str) -> str:
    """A package's version in constraints.txt."""
    found = re.search(rf"(?m)^{name}==(.+)$", read(root, "constraints.txt"))
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def version(root: Path) -> str:
    """The project's version, as pyproject.toml has it."""
    found = re.search(r'(?m)^version = "(.+)"$', read(root, "pyproject.toml"))
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def workflow(root: Path) -> dict[Any, Any]:
    return load(root, ".github/workflows/ci.yml")


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def dry_run(root: Path, *arguments: str) -> str:
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    command = ["make", "--dry-run", "--always-make", *arguments]
    clean = {"PATH": os.environ["PATH"]}  # without what an outer make hands on
    return subprocess.run(
        command, cwd=root, env=clean, capture_output=True, text=True, check=True
    ).stdout


def test_the_citation_is_of_this_version_by_these_authors(root: Path, version: str) -> None:
    citation = load(root, "CITATION.cff")
    book = load(root, "_quarto.yml")["book"]
    assert citation["version"] == version
    assert citation["authors"] == [{"name": book["author"]}]
    licences = re.search(r'(?m)^license = "(.+)"$', read(root, "pyproject.toml"))
    assert licences is not None
    assert set(citation["license"]) == set(licences[1].split(" AND "))


def test_the_changelog_tells_of_this_version_first(root: Path, version: str) -> None:
    releases = re.findall(r"(?m)^## \[(.+?)\] - (.+)$", read(root, "CHANGELOG.md"))
    assert releases[0][0] == version
    dates = [date for _, date in releases]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for date in dates[1:])
    date = load(root, "CITATION.cff").get("date-released")
    assert dates[0] == ("Unreleased" if date is None else str(date))


def test_pre_commit_has_the_versions_of_the_constraints(root: Path) -> None:
    repositories = load(root, ".pre-commit-config.yaml")["repos"]
    revisions = {r["repo"].split("/")[-1]: r.get("rev") for r in repositories}
    assert revisions["ruff-pre-commit"] == f"v{pin(root, 'ruff')}"
    assert revisions["codespell"] == f"v{pin(root, 'codespell')}"
    hooks = {hook["id"] for repository in repositories for hook in repository["hooks"]}
    assert hooks == {
        "ruff-check", "ruff-format", "codespell", "mypy", "nbstripout", "check-added-large-files",
    }  # fmt: skip


def test_no_file_is_too_large_for_pre_commit_but_results(root: Path) -> None:
    config = load(root, ".pre-commit-config.yaml")
    hooks = {hook["id"]: hook for r in config["repos"] for hook in r["hooks"]}
    assert hooks["check-added-large-files"]["args"] == [f"--maxkb={LIMIT}"]
    names = {path.relative_to(root).as_posix(): path for path in tracked(root) if path.is_file()}
    large = [name for name, path in names.items() if path.stat().st_size > LIMIT * 1024]
    assert all(re.search(config["exclude"], name) for name in large)
    assert not any(name.endswith(".ipynb") for name in names)


def test_make_check_is_all_that_ci_runs(root: Path, workflow: dict[Any, Any]) -> None:
    assert re.findall(r"(?m)^make .*$", read(root, ".ci/run")) == ["make check"]
    printed = dry_run(root, "check")
    for tool in (
        "ruff check .", "ruff format --check .", "codespell", "mypy",
        "coverage run -m pytest", "coverage report",
    ):  # fmt: skip
        assert f"/{tool}\n" in printed
    commands = [step["run"] for step in steps(workflow) if "run" in step]
    targets = [re.match(r"make ([a-z]+) ", command) for command in commands]
    assert [target[1] for target in targets if target] == ["check", "book"]
    assert len(targets) == 2


def test_make_finds_the_environment_on_every_system(root: Path) -> None:
    for system, folder in (("Windows_NT", "Scripts"), ("", "bin")):
        printed = dry_run(root, "check", f"OS={system}")
        assert set(re.findall(r"\.venv/(\w+)/", printed)) == {folder}


def test_the_workflow_runs_on_every_system_and_python(root: Path, workflow: dict[Any, Any]) -> None:
    matrix = workflow["jobs"]["check"]["strategy"]["matrix"]
    assert [name.split("-")[0] for name in matrix["os"]] == ["ubuntu", "macos", "windows"]
    assert matrix["python"] == ["3.10", "3.11", "3.12", "3.13"]
    assert 'requires-python = ">=3.10"' in read(root, "pyproject.toml")


def test_the_workflow_is_pinned_limited_and_may_do_little(
    root: Path, workflow: dict[Any, Any]
) -> None:
    used = re.findall(r"(?m)^\s*(?:- )?uses: (.*)$", read(root, ".github/workflows/ci.yml"))
    assert len(used) == len([step for step in steps(workflow) if "uses" in step])
    assert all(re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v[\d.]+", use) for use in used)
    assert workflow["permissions"] == {"contents": "read"}
    permissions = {name: job.get("permissions") for name, job in workflow["jobs"].items()}
    assert permissions.pop("publish") == {"pages": "write", "id-token": "write"}
    assert set(permissions.values()) == {None}
    assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())
    assert workflow["concurrency"]
    assert set(workflow["jobs"]["publish"]["needs"]) == {"check", "book"}


def test_the_workflow_has_a_quarto_that_will_do(workflow: dict[Any, Any]) -> None:
    versions = [
        step["with"]["version"] for step in steps(workflow) if "quarto" in step.get("uses", "")
    ]
    assert [tuple(map(int, v.split(".")))[:2] >= MINIMUM for v in versions] == [True]


def test_the_issue_form_asks_for_what_happens(root: Path) -> None:
    form = load(root, ".github/ISSUE_TEMPLATE/problem.yml")
    assert form["name"]
    assert form["description"]
    fields = {field["id"]: field.get("validations", {}) for field in form["body"]}
    assert [name for name, rules in fields.items() if rules.get("required")] == ["what", "system"]


def test_text_files_are_as_the_editor_settings_say(root: Path) -> None:
    settings = read(root, ".editorconfig")
    width = re.search(r"(?m)^line-length = (\d+)$", read(root, "pyproject.toml"))
    assert width is not None
    assert f"max_line_length = {width[1]}\n" in settings
    for path in tracked(root):
        inside = path.relative_to(root).as_posix()
        binary = path.suffix in {".png", ".otf", ".woff2", ".safetensors"}
        if binary or inside.startswith("results/") or not path.is_file():
            continue
        content = path.read_bytes()
        assert content.endswith(b"\n") or not content, inside
        assert b"\r" not in content, inside
        if path.suffix not in {".md", ".qmd"}:
            assert not re.search(rb"[ \t]\n", content), inside
