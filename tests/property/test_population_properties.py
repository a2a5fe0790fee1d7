import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dropout_risk as dr
from dropout_risk.scoring.population import Population
from dropout_risk.scoring.score_rows import ranks_in_school

AS_OF = "2025-06-02"


@pytest.fixture(scope="module")
def population(risk_model):
    records = dr.simulate_district(n_students=120, seed=4)
    return Population.of(risk_model, dr.Histories.from_records(records), AS_OF, language="en")


@pytest.fixture(scope="module")
def whole(population):
    tables = {
        sentences: pa.Table.from_batches(population.blocks(population.members, sentences=sentences))
        for sentences in (False, True)
    }
    return lambda sentences: tables[sentences].combine_chunks()


@given(
    block_size=st.integers(1, 130),
    threads=st.sampled_from(["1", "2", "5"]),
    sentences=st.booleans(),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=25)
def test_no_size_of_blocks_number_of_threads_or_order_of_pupils_changes_a_row(
    population, whole, block_size, threads, sentences, order
):
    places = list(range(len(population.members)))
    order.shuffle(places)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DROPOUT_RISK_THREADS", threads)
        batches = population.blocks(population.members[places], block_size=block_size, sentences=sentences)
        rows = pa.Table.from_batches(batches).combine_chunks()
    assert rows.equals(whole(sentences).take(places).combine_chunks())


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([-1.0, 0.0, 0.5, 2.0])), max_size=30
    )
)
def test_a_rank_counts_the_higher_scores_of_the_school(pupils):
    schools, scores = [school for school, _ in pupils], [score for _, score in pupils]
    ranks = ranks_in_school(pa.array(schools, pa.string()), pa.array(scores, pa.float64()).to_numpy())
    expected = [1 + sum(other > score for at, other in pupils if at == school) for school, score in pupils]
    assert ranks.tolist() == expected
