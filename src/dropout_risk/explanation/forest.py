"""The trees of a model with all that no background changes: codes of values, leaves, and groups of leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from dropout_risk.explanation.pattern_tables import Group, grouped
from dropout_risk.explanation.tree_codes import TreeCodes
from dropout_risk.explanation.tree_leaves import Leaf, leaves_of
from dropout_risk.explanation.tree_model import TreeModel


@dataclass(frozen=True, eq=False)
class Forest:
    """What tables of decision patterns are made from, whatever they are measured against.

    Parameters
    ----------
    model : TreeModel
        The trees.
    codes : TreeCodes
        From values to codes.
    leaves : tuple of Leaf
        In the order of the trees.
    groups : list of Group or None
        Leaves that share tables; None where the trees are too deep for tables.
    """

    model: TreeModel
    codes: TreeCodes
    leaves: tuple[Leaf, ...]
    groups: list[Group] | None

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what ``Booster.model_to_string`` wrote; the errors are those of :meth:`TreeModel.read`."""
        model = TreeModel.read(text)
        codes, leaves = TreeCodes.of(model), leaves_of(model)
        return cls(model, codes, leaves, grouped(codes, leaves))
