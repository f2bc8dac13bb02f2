"""What patients can read: the pages hang together, and an approval covers one wording only."""

from dataclasses import replace

from infusion.portal.domain.education import PAGES, VERSION, page_named, version_of


def test_pages_are_found_by_their_address() -> None:
    assert [page_named(page.slug) for page in PAGES] == list(PAGES)
    assert page_named("no-such-page") is None


def test_pages_can_be_read_one_after_another() -> None:
    read, page = [], PAGES[0]
    while page is not None:
        read.append(page)
        page = page.following
    assert read == list(PAGES)


def test_version_changes_when_a_page_is_reworded_added_or_moved() -> None:
    reworded = (replace(PAGES[0], version=PAGES[0].version + 1), *PAGES[1:])
    shorter, moved = PAGES[:-1], (PAGES[1], PAGES[0], *PAGES[2:])
    assert len({VERSION, version_of(reworded), version_of(shorter), version_of(moved)}) == 4


def test_version_stays_for_the_same_words() -> None:
    assert version_of(tuple(replace(page) for page in PAGES)) == VERSION
    assert len(VERSION) <= 40
