import pytest

from dropout_risk.errors import SettingsError
from dropout_risk.evaluation.model_card.statement import ENTRIES, ModelStatement

FULL = {name: f"约定{number}" for number, name in enumerate(ENTRIES)} | {"next_review": "2026-09-01"}


def test_a_statement_says_everything_that_is_wrong_in_it_at_once(tmp_path):
    file = tmp_path / "statement.toml"
    file.write_text('owner = ""\napprovr = "x"\nnext_review = "soon"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="has 3 problem") as error:
        ModelStatement.from_toml(file)
    assert "approver" in error.value.hint
    assert all(word in error.value.message for word in ("owner", "approvr", "next_review", "statement.toml"))


def test_what_is_not_stated_is_said_and_listed_and_nothing_is_made_up():
    said = ModelStatement(owner="县教育局").to_markdown("zh")

    assert said.count("| 未说明 |") == len(ENTRIES) - 1
    assert said.count("县教育局") == 1
    listed = next(line for line in said.splitlines() if line.startswith("> "))
    assert all(word.zh in listed for name, word in ENTRIES.items() if name != "owner")
    assert "负责单位" not in listed


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_full_statement_lists_nothing_as_missing(language):
    said = ModelStatement(**FULL).to_markdown(language)

    assert not [line for line in said.splitlines() if line.startswith("> ")]
    assert all(value in said for name, value in FULL.items() if name != "next_review")


def test_the_example_of_the_page_on_publishing_states_everything(request):
    page = request.config.rootpath / "docs" / "how-to" / "publish-a-model.md"
    example = page.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    import tomllib

    assert ModelStatement(**tomllib.loads(example)).missing("en") == []
