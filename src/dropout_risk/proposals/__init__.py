"""A mapping proposed for the files of a school's own system, with evidence and doubt for each line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.proposals.mapping_proposal import MappingProposal, propose_mapping

__all__ = ["MappingProposal", "propose_mapping"]
_HOMES = {"MappingProposal": "mapping_proposal", "propose_mapping": "mapping_proposal"}

__getattr__, __dir__ = given_names("dropout_risk.proposals", _HOMES)
