"""Lines of templates that say nothing leave no line on the page."""

from actionplan.template_loader import join_lines, trim, trim_text


def test_indentation_and_blank_lines_are_not_sent() -> None:
    assert trim("<ul>\n\n  <li>one</li>\n</ul>\n") == "<ul>\n<li>one</li>\n</ul>\n"


def test_a_line_of_silent_tags_leaves_no_line() -> None:
    source = "<p>\n  {% if a %}\n    one\n  {% endif %}{% endif %}\n</p>\n"
    assert trim(source) == "<p>\n{% if a %}one\n{% endif %}{% endif %}</p>\n"


def test_a_line_that_depends_on_a_condition_ends_inside_of_it() -> None:
    assert trim("{% if a %}one{% endif %}\ntwo\n") == "{% if a %}one\n{% endif %}two\n"


def test_what_a_tag_writes_keeps_its_line() -> None:
    source = 'one\n{% translate "two" %}\nthree {% if a %}four{% endif %}\nfive\n'
    assert trim(source) == source


def test_a_tag_that_only_names_something_leaves_no_line() -> None:
    assert trim('{% translate "one" as label %}\n{{ label }}\n') == (
        '{% translate "one" as label %}{{ label }}\n'
    )


def test_a_mail_as_text_keeps_blank_lines_and_those_that_are_included() -> None:
    source = 'one\n\n{% if a %}\n  - {{ a }}\n  {% include "emails/lines/a.txt" %}\n{% endif %}\n'
    assert trim_text(source) == (
        'one\n\n{% if a %}- {{ a }}\n{% include "emails/lines/a.txt" %}\n{% endif %}'
    )


def test_a_part_of_a_line_is_joined_with_nothing_in_between() -> None:
    source = '{# What. #}\n{% if a %}\n  {{ a }}\n{% endif %}\n{{ " " }}(b)\n'
    assert join_lines(source) == '{# What. #}{% if a %}{{ a }}{% endif %}{{ " " }}(b)'
