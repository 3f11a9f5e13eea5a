"""What is a page header or footer, by what the other pages show."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from docspec.assemble import assemble
from docspec.types import Box, Category, Draft, Finish, PageResult, Region, RegionResult, Verdict

HEADER, FOOTER, TEXT = Category.PAGE_HEADER, Category.PAGE_FOOTER, Category.TEXT
TOP, BODY, BOTTOM = (60.0, 30.0, 500.0, 42.0), (60.0, 100.0, 500.0, 700.0), (60.0, 800.0, 500.0, 812.0)


def sheet(index: int, *parts: tuple[Category, str, Box]) -> PageResult:
    """A page of A4 size with regions from the top."""
    regions = tuple(
        RegionResult(Region(index, order, box, category), Draft(text, "x"), Verdict(text, Finish.END))
        for order, (category, text, box) in enumerate(parts)
    )
    return PageResult(index, 595, 842, regions)


def written(*pages: PageResult) -> str:
    """The markdown of ``pages``."""
    return assemble(pages).markdown


def test_a_lone_first_line_is_no_header() -> None:
    """An invoice's number and date stay, though a detector took them for a header: no other page has them."""
    invoice = sheet(0, (HEADER, "Invoice 2024-117", TOP), (TEXT, "Ten boards.", BODY), (FOOTER, "1", BOTTOM))
    assert written(invoice) == "Invoice 2024-117\n\nTen boards.\n"


def test_a_page_with_one_line_keeps_it() -> None:
    """Where nothing else is on a page, a first line is what it says, unless it heads the pages beside it too;
    a bare page number says nothing."""
    lone = sheet(1, (HEADER, "Annual report of the yard", TOP))
    oak, elm = sheet(0, (TEXT, "Oak.", BODY)), sheet(2, (TEXT, "Elm.", BODY))
    assert written(oak, lone, elm) == "Oak.\n\nAnnual report of the yard\n\nElm.\n"
    headed = sheet(2, (HEADER, "Annual report of the yard", TOP), (TEXT, "Elm.", BODY))
    assert written(oak, lone, headed) == "Oak.\n\nElm.\n"
    assert assemble([oak, lone, headed]).silent == (1,)
    assert assemble([sheet(0, (FOOTER, "- 2 -", BOTTOM)), sheet(1, (TEXT, "Oak.", BODY))]).silent == (0,)


def test_a_document_of_headers_alone_keeps_them() -> None:
    """Labels of one line a page, alike but for a number, are what the document says."""
    pages = [sheet(n, (HEADER, f"Rack {n}", TOP)) for n in range(3)]
    assert written(*pages) == "Rack 0\n\nRack 1\n\nRack 2\n"


def test_a_header_that_a_page_model_left_out_is_one() -> None:
    """What a verifier wrote of a whole page decides: a header that is not in it is none of the text."""
    page = sheet(0, (HEADER, "Journal of X", TOP), (TEXT, "Body.", BODY))
    head, body = page.regions
    left = replace(head, verdict=replace(head.verdict, finish=Finish.UNVERIFIED))
    read = replace(page, regions=(left, body), verdict=Verdict("Body.", Finish.END))
    assert assemble([read]).pages[0].dropped[0].text == "Journal of X"
    assert written(page) == "Journal of X\n\nBody.\n"


def test_heads_of_left_and_right_pages_repeat_in_turn() -> None:
    """Each repeats on every other page, with chapters that change and numbers that count."""
    heads = ["The Yard", "2 Chapter one", "The Yard", "4 Chapter one", "The Yard", "6 Chapter two"]
    pages = [sheet(n, (HEADER, head, TOP), (TEXT, f"Text {n}.", BODY)) for n, head in enumerate(heads)]
    assert written(*pages) == "".join(f"Text {n}.\n\n" for n in range(6))[:-1]


def test_numbers_that_do_not_count_pages_are_no_repetition() -> None:
    """Two invoices of one file are each known by their number; a volume's number stays the same."""
    for heads in (["Invoice 2024-117", "Invoice 2024-118"], ["Receipt 5", "Receipt 6"]):
        pages = [sheet(n, (HEADER, head, TOP), (TEXT, f"Text {n}.", BODY)) for n, head in enumerate(heads)]
        assert all(head in written(*pages) for head in heads)
    volume = [sheet(n, (HEADER, f"Volume 7, page {n + 4}", TOP), (TEXT, f"Text {n}.", BODY)) for n in (0, 1)]
    assert written(*volume) == "Text 0.\n\nText 1.\n"


def test_heads_that_recognition_reads_differently_are_alike() -> None:
    """A letter that is misread does not keep a running head."""
    heads = ["Timber Yard Quarterly", "Tirnber Yard Quarterly"]
    pages = [sheet(n, (HEADER, head, TOP), (TEXT, f"Text {n}.", BODY)) for n, head in enumerate(heads)]
    assert written(*pages) == "Text 0.\n\nText 1.\n"


def test_numbers_that_count_pages_are_furniture_whatever_a_detector_says() -> None:
    """A lone number at the foot counts pages where the next page's is one more, and is text else."""
    pages = [sheet(n, (TEXT, f"Text {n}.", BODY), (TEXT, f"{n + 3}", BOTTOM)) for n in range(2)]
    assert written(*pages) == "Text 0.\n\nText 1.\n"
    assert written(pages[0]) == "Text 0.\n\n3\n"


def test_edge_lines_that_repeat_are_furniture_whatever_a_detector_says() -> None:
    """A copyright line at the foot of most pages goes; the same words in the middle of pages stay."""
    foot = (TEXT, "Copyright of the guild", BOTTOM)
    pages = [sheet(n, (TEXT, f"Text {n}.", BODY), foot) for n in range(4)]
    assert written(*pages) == "Text 0.\n\nText 1.\n\nText 2.\n\nText 3.\n"
    middle = (60.0, 720.0, 500.0, 732.0)
    kept = [sheet(n, (TEXT, f"Text {n}.", BODY), (TEXT, "Sign here", middle)) for n in range(4)]
    assert written(*kept).count("Sign here") == 4


def test_heads_beside_a_number_that_counts_pages_are_furniture() -> None:
    """Wide margins keep a running head far from the edge, and a detector may see a heading in it; the number
    in its row tells. Without one the same words, and the first section of each page, stay."""
    number, name = (135.0, 110.0, 140.0, 119.0), (168.0, 110.0, 240.0, 119.0)
    title = Category.SECTION_HEADER

    def book(head: str, count: bool) -> str:
        return written(
            *(
                sheet(
                    n,
                    *([(TEXT, f"{n + 1}", number)] if count else []),
                    (title, head.format(n=n), name),
                    (TEXT, f"Text {n}.", (135.0, 130.0, 500.0, 700.0)),
                )
                for n in range(3)
            )
        )

    assert book("A. Weaver", count=True) == "Text 0.\n\nText 1.\n\nText 2.\n"
    assert book("A. Weaver", count=False).count("A. Weaver") == 3
    assert all(f"Loom {n} of five" in book("Loom {n} of five", count=True) for n in range(3))


def test_a_chapter_that_changes_beside_the_number_is_a_head() -> None:
    """What a detector took for a head and stands in the row of the page's number needs no second page."""
    number, name = (480.0, 30.0, 490.0, 42.0), (60.0, 30.0, 240.0, 42.0)
    heads = ["On oak", "On elm", "On ash"]
    pages = [
        sheet(n, (HEADER, head, name), (HEADER, f"{n + 9}", number), (TEXT, f"Text {n}.", BODY))
        for n, head in enumerate(heads)
    ]
    assert written(*pages) == "Text 0.\n\nText 1.\n\nText 2.\n"


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from([HEADER, FOOTER, TEXT, Category.TITLE]),
                st.sampled_from(["7", "Head", "Head 7", "Body of it", ""]),
                st.sampled_from([TOP, BODY, BOTTOM]),
            ),
            max_size=4,
        ),
        max_size=8,
    )
)
def test_text_never_vanishes_from_a_whole_document(
    pages: Sequence[Sequence[tuple[Category, str, Box]]],
) -> None:
    """A document with text has markdown, and a page without any of its own is named as silent."""
    done = assemble([sheet(n, *parts) for n, parts in enumerate(pages)])
    says = [n for n, parts in enumerate(pages) if any(text for _, text, _ in parts)]
    assert bool(says) == bool(done.markdown)
    assert set(done.silent) <= set(says)
    for n in set(says) - set(done.silent):
        left_out = sorted(entry.text for entry in done.dropped.get(n, ()) if entry.text)
        assert left_out != sorted(text for _, text, _ in pages[n] if text)
