from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hw1lib.cifar.stopping import has_flattened, has_turned, lowest

LOSSES = st.lists(st.integers(0, 9).map(float), max_size=12)


def test_flat_means_less_than_the_tolerance() -> None:
    assert has_flattened([9.0, 1.0, 1.5, 0.75], window=3, tolerance=0.76)
    assert not has_flattened([9.0, 1.0, 1.5, 0.75], window=3, tolerance=0.75)


@given(LOSSES, st.integers(1, 5), st.integers(1, 4))
def test_flat_means_that_each_pair_of_the_last_losses_is_close(
    losses: list[float], window: int, tolerance: int
) -> None:
    last = losses[max(0, len(losses) - window) :]
    close = all(abs(a - b) < tolerance for a in last for b in last)
    assert has_flattened(losses, window, tolerance) is (close and len(losses) >= window)


@given(LOSSES, st.integers(1, 5))
def test_turned_means_no_lower_loss_for_so_many_epochs(losses: list[float], patience: int) -> None:
    before, last = losses[:-patience], losses[-patience:]
    turned = bool(before) and min(before) <= min(last)
    assert has_turned(losses, patience) is turned


def test_the_first_of_several_lowest_epochs_counts() -> None:
    assert lowest([3.0, 1.0, 2.0, 1.0]) == 2
