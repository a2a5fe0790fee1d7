import asyncio
import shutil
from urllib.parse import unquote, urljoin

from hypothesis import given
from hypothesis import strategies as st
from serving.review import ReviewRoom

from dropout_risk.features.cohort import histories_of
from dropout_risk.pages.rendering import id_at, served_under
from dropout_risk.simulate.district import simulate_district


def test_a_store_that_is_gone_is_a_page_that_names_no_folder(risk_model, tmp_path):
    store = histories_of(simulate_district(n_students=40, seed=11)).save(tmp_path / "store")
    room = ReviewRoom(risk_model, store, language="en")
    shutil.rmtree(store)
    page = asyncio.run(room.answer("/review", None, None))

    assert page.status == 503
    assert "cannot be read at present" in page.html
    assert str(tmp_path) not in page.html


@given(st.text(st.sampled_from("~./%2Eab?#"), min_size=1, max_size=6))
def test_an_id_in_an_address_is_one_step_and_is_read_again(name):
    address = served_under("/review").pupil(name)
    step = urljoin("http://x/review", address).removeprefix("http://x/review/pupil/")

    assert id_at(unquote(step)) == name


def test_the_ids_that_browsers_take_for_the_way_up_differ():
    steps = [
        served_under("/review").school(name).rpartition("/")[2] for name in (".", "..", "~.", "~..", "~")
    ]

    assert len(set(steps)) == len(steps)
    assert not {".", ".."} & set(steps)
