"""Who is read in which role, of the pupils of a request; whoever is not the reader's is refused."""

from __future__ import annotations

from dropout_risk.access.read_scores import ReadPlan
from dropout_risk.access.reader import LOCAL_READER, Reader
from dropout_risk.casebook.placed_pupils import PlacedPupils
from dropout_risk.scoring.contract_problems import MOST_PROBLEMS
from serving.answers.asked_scores import RawRecords
from serving.gate.body import RefusedError
from serving.served.prepared import Prepared


def plan_for(now: Prepared, reader: Reader, asked: RawRecords) -> ReadPlan:
    """Plan as which role each pupil is read.

    RefusedError for rows that name no pupil of their own, where it matters who is told of whom, and for
    pupils who are not the reader's.
    """
    if reader != LOCAL_READER or now.looks.audit is not None:
        asked.require_names()
    plan = ReadPlan.of(reader, asked.route, asked.placed(_placed_for(now, reader)))
    if plan.outside:
        raise RefusedError([asked.not_yours(pupil) for pupil in plan.outside[:MOST_PROBLEMS]])
    return plan


def _placed_for(now: Prepared, reader: Reader) -> PlacedPupils | None:
    """Say where pupils are by the store, if there is one, and it matters."""
    everywhere = all(grant.scope == "county" for grant in reader.grants)
    return None if everywhere else now.room.placed()
