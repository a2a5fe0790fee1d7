"""What a risk model is made of: everything that scoring reads, and nothing that scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.modelling.timing import Timing
from dropout_risk.scoring.abstention import FactSwings
from dropout_risk.scoring.reference import Reference
from dropout_risk.settings import Settings

SYNTHETIC = "SYNTHETIC DATA: this model was trained on simulated pupils and says nothing about real ones"


@dataclass(frozen=True, repr=False)
class ModelParts:
    """A catalogue of features and a fitted, calibrated classifier, with what words its scores.

    Parameters
    ----------
    name, version : str
        Name the model; the version is made from its content.
    catalogue : FeatureCatalogue
        The features it reads.
    instruments : InstrumentRegistry
        Scales, norms and cut-offs of psychological tests.
    calibrated : CalibratedModel
        From features to log-odds and their contributions.
    reference : Reference
        Means and counts of the training pupils.
    swings : FactSwings
        How far each kind of record moves scores; says which missing one is worth fetching.
    timing : Timing, optional
        How a risk spreads over the horizon.
    settings : Settings
        Horizon, bands, alerts and so on.
    metrics : dict
        What was measured on the test part, beside the baselines.
    card : dict of str to str
        The model card in Markdown, by language.
    trained_to : str or None
        The last date of which training knew anything.
    synthetic : bool
        Whether it was trained on simulated pupils.
    """

    name: str
    version: str
    catalogue: FeatureCatalogue
    instruments: InstrumentRegistry
    calibrated: CalibratedModel
    reference: Reference
    settings: Settings = field(default_factory=Settings)
    metrics: dict[str, Any] = field(default_factory=dict)
    card: dict[str, str] = field(default_factory=dict)
    trained_to: str | None = None
    synthetic: bool = False
    swings: FactSwings = field(default_factory=lambda: FactSwings({}))
    timing: Timing | None = None

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What is made once of a model by those who read it."""
        return {}
