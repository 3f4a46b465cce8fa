"""Tables as stills: what a page and a terminal show of them."""

import re

from distlab.view.still import Table, table


def test_the_columns_of_a_table_begin_at_the_top_and_are_as_wide_as_their_texts_need():
    html = table(("a", "b", "c"), [("1", "2", "3" * 20)])
    assert re.findall("vertical-align:top;width:(\\d+)%", html) == ["23", "23", "53"] * 2


def test_a_table_may_have_no_rows():
    assert table(("a", "b"), []).endswith("<tbody></tbody></table>")


def test_the_text_of_a_table_is_aligned():
    clocks = Table("Clocks", ("machine", "shows"), (("a", "10 ms"), ("worker-1", "9 ms")))
    assert clocks.text() == "Clocks:\n  machine   shows\n  a         10 ms\n  worker-1  9 ms"
