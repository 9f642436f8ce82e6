from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw1lib.cifar.stopping import has_flattened, has_turned, lowest


@pytest.mark.parametrize(
    ("losses", "flat"),
    [
        ([], False),
        ([1.0, 1.0], False),
        ([1.0, 1.0, 1.0], True),
        ([9.0, 1.0, 1.05, 0.96], True),
        ([1.0, 1.0, 1.2], False),
        ([1.0, 0.9, 1.0], False),
    ],
)
def test_flat_means_that_the_last_losses_stay_within_the_tolerance(
    losses: list[float], flat: bool
) -> None:
    assert has_flattened(losses, window=3, tolerance=0.099) is flat


def test_the_first_of_several_lowest_epochs_counts() -> None:
    assert lowest([3.0, 1.0, 2.0, 1.0]) == 2


@pytest.mark.parametrize(
    ("losses", "turned"),
    [
        ([], False),
        ([1.0], False),
        ([1.0, 2.0], False),
        ([1.0, 2.0, 2.0], True),
        ([3.0, 1.0, 2.0, 0.5], False),
        ([3.0, 1.0, 1.0, 1.0], True),
    ],
)
def test_turned_means_no_lower_loss_for_that_many_epochs(losses: list[float], turned: bool) -> None:
    assert has_turned(losses, patience=2) is turned


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30), st.integers(1, 10))
def test_a_new_lowest_loss_never_stops(losses: list[float], patience: int) -> None:
    assert not has_turned([*losses, min(losses) - 1], patience)
