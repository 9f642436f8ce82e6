"""What chapter 3 says; its cells are run here as they stand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

import hw1lib
from chapters import check_the_code_is_in_the_text, run_cells
from hw1lib.homework import Homework
from qmdbook.qmd import Chapter, parse_chapter

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def chapter() -> Chapter:
    return parse_chapter(ROOT / "q3_cifar.qmd")


@pytest.fixture(scope="module")
def names(chapter: Chapter) -> dict[str, Any]:
    """All that the chapter's cells define."""
    return run_cells(chapter)


def test_the_code_is_in_the_text(chapter: Chapter) -> None:
    check_the_code_is_in_the_text(chapter, lines=55)


def test_the_net_is_the_homeworks(names: dict[str, Any]) -> None:
    built = hw1lib.build_net(Homework().layer_sizes, seed=0)
    for ours, theirs in zip(names["net"].parameters(), built.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert names["parameters"] == names["record"]["parameters"]


@pytest.mark.images
def test_the_images_are_read_as_the_runs_read_them(names: dict[str, Any], images: Path) -> None:
    data = hw1lib.load_cifar10(images)
    for (pixels, labels), split in zip(
        names["read_cifar10"](images), (data.train, data.test), strict=True
    ):
        assert torch.equal((255 * pixels).round().to(torch.uint8), split.pixels)
        assert torch.equal(labels, split.labels)


def test_all_images_are_standardised_by_the_training_pixels(names: dict[str, Any]) -> None:
    train, test = torch.tensor([[1.0, 3.0]]), torch.tensor([[2.0, 2.0 + 2**0.5]])
    labels = torch.zeros(1)
    (train, _), (test, _) = names["standardised"]((train, labels), (test, labels))
    assert test.tolist() == [pytest.approx([0, 1])]
    assert float(train.std()) == pytest.approx(1)


def test_training_stops_by_the_rule_or_at_the_cap(
    names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    for cap, contrast, epochs in ((12, 1, 12), (30, 0, 10)):  # grey images teach next to nothing
        net = hw1lib.build_net(Homework().layer_sizes, seed=1)
        train_set = contrast * names["images"][:64], names["labels"][:64]
        names["train"](net, train_set, names["test_set"], cap)
        lines = capsys.readouterr().out.split("\n")[:-1]
        assert len(lines) == epochs
        loss, accuracy = names["evaluate"](net, *names["test_set"])
        assert lines[-1].endswith(f" {loss:.4f} {accuracy:.1%}")


def test_the_step_by_hand_is_autograds_and_the_packages(names: dict[str, Any]) -> None:
    assert names["difference"] < 1e-6 < names["moved"]
    generator = torch.Generator().manual_seed(1)
    sizes = (20, 7, 6, 5, 4)
    x = torch.randn(9, 20, generator=generator, dtype=torch.float64)
    y = torch.eye(4, dtype=torch.float64)[torch.randint(4, (9,), generator=generator)]
    nets = [hw1lib.build_net(sizes, seed=3).double() for _ in range(3)]
    layers = [[(m.weight.detach(), m.bias.detach()) for m in net[::2]] for net in nets]
    names["step_by_hand"](layers[0], x, y)
    hw1lib.sgd_step(layers[1], x, y, Homework().learning_rate)
    torch.nn.functional.cross_entropy(nets[2](x), y).backward()
    for ours, theirs, p in zip(*(net.parameters() for net in nets), strict=True):
        assert torch.allclose(ours, theirs, rtol=0, atol=1e-15)
        assert torch.allclose(ours, p - Homework().learning_rate * p.grad, rtol=0, atol=1e-15)


def test_the_rules_are_those_that_stopped_the_runs(names: dict[str, Any]) -> None:
    homework = Homework()
    stops = names["rules"][homework.flat_window, homework.flat_tolerance]
    assert stops["epoch"].equals(names["final"]["epoch"])
    losses = [3.0, 2.0, 1.0, 0.6, 0.7, 0.5, 0.55, 0.5]
    for end in range(1, len(losses) + 1):
        for window, tolerance in ((3, 0.1), (3, 0.2), (2, 0.06)):
            case = (losses[:end], window, tolerance)
            assert names["has_flattened"](*case) == hw1lib.has_flattened(*case)
        assert names["has_turned"](losses[:end], 2) == hw1lib.has_turned(losses[:end], 2)
    for seed, run in names["held_out"].groupby("seed"):
        losses = run["validation_loss"].tolist()
        assert names["has_turned"](losses, homework.patience)
        assert not names["has_turned"](losses[:-1], homework.patience)
        assert names["trained"][seed] - names["early"].loc[seed, "epoch"] == homework.patience


def test_other_rules_stop_where_the_table_says(names: dict[str, Any]) -> None:
    for (window, tolerance), stops in names["rules"].items():
        for seed, run in names["history"].groupby("seed"):
            losses = run["train_loss"].tolist()
            flat = [
                hw1lib.has_flattened(losses[:end], window, tolerance)
                for end in range(1, len(losses) + 1)
            ]
            assert stops.loc[seed, "epoch"] == 1 + flat.index(True)
        assert (stops["epoch"] <= names["final"]["epoch"]).all()


def test_what_flat_depends_on(names: dict[str, Any]) -> None:
    assert names["earliest"][0] == 3
    assert float(names["chance"]["train_loss"].iloc[0]) > 1
    assert names["usual_jump"] > 5 * Homework().flat_tolerance
    assert names["highest"] == max(stops["train_loss"].max() for stops in names["tens"])
    assert 0.010 < names["highest"] < 0.011
    means = [stops["test_accuracy"].mean() for stops in names["tens"]]
    assert max(means) - min(means) < 0.005


def test_the_net_overfits(names: dict[str, Any]) -> None:
    final, best, history = names["final"], names["best"], names["history"]
    assert (final["train_accuracy"] > 0.999).all()
    for seed, run in history.groupby("seed"):
        assert best.loc[seed, "test_loss"] == run["test_loss"].min()
    assert (final["test_loss"] > 3 * best["test_loss"]).all()
    assert (best["epoch"] < 30).all()
    assert final["test_accuracy"].mean() < best["test_accuracy"].mean()
    assert names["after_fixed"].min() > 10 * final["train_loss"].max()
    assert names["early"]["test_loss"].max() < final["test_loss"].min() / 3


def test_flat_means_near_zero(names: dict[str, Any]) -> None:
    """In the last ten epochs of each seed the loss still falls, by the factors in the text."""
    for seed, run in names["history"].groupby("seed"):
        last = run["train_loss"].tail(10).tolist()
        assert names["fall"][seed] == last[0] / last[-1]
        assert max(last) - min(last) < 0.01
    assert names["span"](names["fall"], ".1f") == "1.6 to 2.3"


def test_the_test_accuracy_sags_and_recovers(names: dict[str, Any]) -> None:
    """The claims on medians, on dips, and on the loss that grows all the while."""
    best, middle, end = (row for _, row in names["medians"].iterrows())
    assert middle["test_accuracy"] + 0.01 < end["test_accuracy"] < best["test_accuracy"]
    assert best["test_loss"] < middle["test_loss"] < end["test_loss"]
    assert best["train_loss"] > middle["train_loss"] > end["train_loss"]
    history = names["history"]
    table = history.pivot(index="epoch", columns="seed", values="test_accuracy").dropna()
    by_epoch = table.median(axis="columns")
    assert by_epoch.loc[60:115].median() < 0.415
    assert by_epoch.loc[125:].median() > 0.428
    assert (names["together"] < -0.8).all()
    for seed, run in history[history["epoch"].between(59, 115)].groupby("seed"):
        changes = run[["train_loss", "test_accuracy"]].diff().dropna()
        ranks = changes.rank()
        expected = ranks["train_loss"].corr(ranks["test_accuracy"])
        assert names["together"][seed] == pytest.approx(expected)


def test_mistakes_make_the_loss(names: dict[str, Any]) -> None:
    """Held against the stored test losses: what is known of the right ones leaves the rest."""
    predictions, final = names["predictions"], names["final"]
    right = (predictions.predicted == predictions.labels).numpy()
    assert right.mean(axis=1) == pytest.approx(final["test_accuracy"].to_numpy())
    known = -(predictions.confidence.double().log().numpy() * right).sum(axis=1)
    rest = 10_000 * final["test_loss"].to_numpy() - known
    assert names["of_mistakes"] == pytest.approx(
        (rest / (10_000 * final["test_loss"].to_numpy())).mean()
    )
    assert names["per_mistake"] == pytest.approx((rest / (~right).sum(axis=1)).mean())
    assert names["of_mistakes"] > 0.99
    assert names["per_mistake"] > 4 * math.log(10)
    assert names["sure_and_wrong"] > 0.8
    assert names["confidence"].mean() > names["accuracy"] + 0.4


def test_the_largest_spike_is_named_and_made_good(names: dict[str, Any]) -> None:
    table = names["history"].pivot(index="epoch", columns="seed", values="train_loss")
    peak, run = names["peak"], table[names["peak"]["seed"]]
    start, end = names["start"], names["end"]
    assert table.diff().max().max() == run[peak["epoch"]] - run[peak["epoch"] - 1]
    assert run.loc[start : peak["epoch"]].is_monotonic_increasing
    assert run[start - 1] > run[start]
    assert round(run[end], 2) <= round(run[start], 2)
    assert (run.loc[start + 1 : end - 1] > run[start] + 0.01).all()
    assert (start, peak["epoch"], end) == (100, 102, 105)


def test_symptoms_of_mistakes(names: dict[str, Any]) -> None:
    assert names["first_loss"] == pytest.approx(math.log(10), abs=0.05)
    assert names["no_output_layer"] == pytest.approx(math.log(64), abs=0.05)
    assert names["kaiming_loss"] > names["first_loss"] + 0.2
    assert names["span"](names["impossible"], ".0%") == "51% to 96%"
    assert names["softmax_twice"] == pytest.approx(math.log(math.e + 9) - 1)
    assert 0 < names["off"] < 0.01
    assert names["rest"] == 10_000 % 64 == 16
    per_image = 1 / (50_000 % 64) / (1 / 64)
    assert per_image == 4


def test_calibration_is_the_packages(names: dict[str, Any]) -> None:
    bins = names["predictions"].calibration()
    gaps = (bins["accuracy"] - bins["confidence"]).abs()
    expected = (gaps * bins["count"]).sum() / bins["count"].sum()
    assert names["pooled"] == pytest.approx(expected, rel=1e-6)
    assert ((names["alone"] - names["pooled"]).abs() < 0.01).all()


def test_what_is_confused(names: dict[str, Any]) -> None:
    """As the alt texts say."""
    pairs: pd.Series[float] = names["mistakes"].sort_values(ascending=False)
    first = [{"cat", "dog"}, {"automobile", "truck"}]
    assert all(set(pair) in first for pair in pairs.index[:4])
    assert names["by_class"].min() > 0.2
    assert names["by_class"].max() > 1.5 * names["by_class"].min()


def test_neighbouring_weights_are_alike_only_after_training(names: dict[str, Any]) -> None:
    before, after = names["before"], names["after"]
    assert abs(before) < 0.01
    assert after > 0.2
    ramp = torch.arange(32.0).expand(32, 32)
    assert names["neighbour_correlation"]((ramp + ramp.T).reshape(1, -1)) > 0.9
    checkers = torch.tensor([[(-1.0) ** (i + j) for i in range(32)] for j in range(32)])
    assert names["neighbour_correlation"](checkers.view(1, -1)) == pytest.approx(-1)


def test_exercises(names: dict[str, Any]) -> None:
    with_relu, with_sigmoid = names["with_relu"], names["with_sigmoid"]
    signal, _, first, last = (with_relu / with_sigmoid).tolist()
    assert names["ratios"][0] / names["ratios"][1] == pytest.approx(first / last)
    assert signal == pytest.approx(first, rel=0.05)  # what vanishes is the signal
    assert 20 < signal < 40
    assert 10 < 1 / last < 15  # the last layer's gradient grows
    assert names["gap"] < 1e-5
    assert names["fitted"] == 1
    assert abs(names["on_others"] - 0.1) < 4 * (0.1 * 0.9 / 936) ** 0.5
    assert (names["accuracy"] * (1 - names["accuracy"]) / names["needed"]) ** 0.5 == (
        pytest.approx(0.001)
    )
