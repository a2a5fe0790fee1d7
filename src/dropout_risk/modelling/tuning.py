"""A budgeted search for better settings, inside the training rows only; the same every time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from dropout_risk.arrays import Array
from dropout_risk.errors import MissingExtraError, SettingsError
from dropout_risk.modelling.fitter import Fitter
from dropout_risk.progress import progress_line

Progress = Callable[[str, int, int | None], None]


C = TypeVar("C", bound=Fitter)


@dataclass(frozen=True)
class Tuning:
    """How long to look for better settings; whichever of the two limits is reached first.

    Parameters
    ----------
    trials : int, optional
        Settings tried for each candidate. With trials alone the result is the same every time.
    seconds : float, optional
        Time for each candidate; how many trials fit into it depends on the machine.
    file : str or Path, optional
        An SQLite file that keeps the trials: a search that was broken off goes on where it stopped, and
        ends where it would have ended. Trials of other rows are never mixed in.
    progress : callable, optional
        Called after every trial with the candidate's name, the number done, and ``trials``.

    Raises
    ------
    SettingsError
        If there is no limit, or one that is not above 0.

    Examples
    --------
    >>> Tuning(trials=5).trials
    5
    """

    trials: int | None = 20
    seconds: float | None = None
    file: str | Path | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        """Check that there is a limit."""
        limits = [limit for limit in (self.trials, self.seconds) if limit is not None]
        if not limits or min(limits) <= 0:
            raise SettingsError(
                f"Tuning needs a limit above 0, got trials={self.trials!r}, seconds={self.seconds!r}.",
                hint="trials=20, or seconds=120; tuning=None for no tuning",
            )

    def best(self, name: str, fitter: C, loss: Callable[[C], float], *, key: str, seed: int) -> C:
        """Give the fitter with the settings of the least loss; its own settings are the first tried.

        ``loss`` gives the loss of a fitter on rows that it did not see. ``key`` names rows and folds, so that
        trials of other rows are not taken up from the file.
        """
        study = self._study(name, fitter, key)
        ended = time.monotonic() + (np.inf if self.seconds is None else self.seconds)
        done = len(_complete_trials(study))
        with progress_line(f"tuning {name}") as line:
            while not (self.trials is not None and done >= self.trials) and (
                not done or time.monotonic() < ended
            ):
                study.sampler = _trial_sampler(seed, done)
                trial = study.ask()
                suggested = {one: span.suggest(trial, one) for one, span in fitter.space.items()}
                study.tell(trial, loss(fitter.with_settings(suggested)))
                done += 1
                if self.progress is None:
                    line(done, self.trials or done)
                else:
                    self.progress(name, done, self.trials)
        return fitter.with_settings({one: study.best_params[one] for one in fitter.space})

    def _study(self, name: str, fitter: Fitter, key: str) -> Any:
        optuna = _import_optuna()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        storage = None if self.file is None else f"sqlite:///{self.file}"
        study = optuna.create_study(storage=storage, study_name=f"{name}-{key}", load_if_exists=True)
        if not _complete_trials(study):
            study.enqueue_trial(fitter.settings)
        return study


def rows_key(*parts: Array | Sequence[bytes] | int) -> str:
    """Name rows, labels and folds by a hash of their content."""
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def _complete_trials(study: Any) -> list[Any]:
    return [trial for trial in study.trials if trial.state == _import_optuna().trial.TrialState.COMPLETE]


def _trial_sampler(seed: int, done: int) -> Any:
    """Give the sampler of one trial: after a break it draws what it would have drawn."""
    words = np.random.SeedSequence([seed, done]).generate_state(1)
    return _import_optuna().samplers.TPESampler(seed=int(words[0]), n_startup_trials=8)


def _import_optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise MissingExtraError(
            "optuna is not installed.", hint="pip install 'dropout-risk[train]', or tuning=None"
        ) from error
    return optuna
