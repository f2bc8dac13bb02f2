"""Words are found in what patients read, whatever their accents, capitals and marks."""

from infusion.portal.domain.searching import asked, find, plain

TEXT = "Si tiene fiebre o infección, llámenos antes de venir. " + "Traiga algo para leer. " * 20


def test_words_are_found_without_accents_and_marked_as_they_stand():
    found = find(asked("INFECCION"), title="Antes de venir", text=TEXT)
    assert found is not None
    assert [part for part, hit in found.parts if hit] == ["infección"]
    assert "".join(part for part, _ in found.parts).startswith("Si tiene fiebre o infección, llámenos")


def test_all_words_must_stand_and_a_title_ranks_first():
    assert find(asked("fiebre avión"), title="Antes", text=TEXT) is None
    ranks = [find(asked("venir"), title=title, text=TEXT).rank for title in ("Antes de venir", "Otra")]
    assert ranks == [0, 1]


def test_a_question_of_marks_and_single_letters_finds_nothing():
    assert find(asked(" a . "), title="a", text="a . b") is None


def test_a_page_becomes_one_line_of_words():
    assert plain("<h2>Fever</h2>\n <p>38&nbsp;°C &amp; more</p>") == "Fever 38 °C & more"
