"""YAML files: where something is, and what is said when it is no YAML."""

import pytest

from seatkeeper.yaml_files import ConfigurationError, open_yaml
from tests.wiring.written import SECRET, VALID, problems, write


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("mode: apply\nmoney: {a: 1\n", 3),
        ("mode: apply\n\tmoney: 1\n", 2),
        ("mode: apply\nmoney: 'open\n", 3),
        ("a: b: c\n", 1),
        ("a: *nowhere\n", 1),
    ],
)
def test_a_syntax_error_names_its_line(tmp_path, text, line):
    with pytest.raises(ConfigurationError) as raised:
        open_yaml(write(tmp_path, text))
    (one,) = raised.value.problems
    assert one.line == line
    assert one.message.startswith("this is no valid YAML: ")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: b: c\n", "mapping values are not allowed here"),
        ("a: *nowhere\n", "found undefined alias 'nowhere'"),
    ],
)
def test_an_error_has_the_same_words_whichever_reader_is_installed(tmp_path, text, told):
    with pytest.raises(ConfigurationError) as raised:
        open_yaml(write(tmp_path, text))
    assert raised.value.problems[0].message == f"this is no valid YAML: {told}."


def test_a_file_that_is_no_text_is_no_valid_yaml(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_bytes(b"mode: \x00\xff")
    with pytest.raises(ConfigurationError, match="no valid YAML"):
        open_yaml(path)


def test_a_syntax_error_does_not_show_the_line_with_a_secret(tmp_path):
    with pytest.raises(ConfigurationError) as raised:
        open_yaml(write(tmp_path, f"client_secret: {SECRET}: x\n"))
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__


def test_a_key_that_stands_twice_is_refused_not_silently_taken(tmp_path):
    (found,) = problems(tmp_path, VALID + "workers: 3\nmode: observe\n")
    assert found == (11, "mode", "this key stands twice. Keep one of them.")


def test_a_double_key_is_found_at_any_depth(tmp_path):
    text = "a:\n- b: 1\n  c: 2\n  b: 3\n"
    with pytest.raises(ConfigurationError) as raised:
        open_yaml(write(tmp_path, text))
    assert [(one.line, one.field) for one in raised.value.problems] == [(4, "a.0.b")]


def test_a_variable_between_braces_needs_no_quotes_in_a_configuration_only(tmp_path):
    path = write(tmp_path, "a: {b: ${X}, c: [${Y}, 1]}\n")
    assert open_yaml(path, bare_variables=True).data == {"a": {"b": "${X}", "c": ["${Y}", 1]}}
    with pytest.raises(ConfigurationError):
        open_yaml(path)


@pytest.mark.parametrize(
    ("path", "line"),
    [(("a",), 1), (("a", 1), 3), (("a", 1, "b"), 3), (("c",), 4), (("c", "none"), 4)],
)
def test_the_line_of_a_value_is_found_else_of_what_is_above_it(tmp_path, path, line):
    document = open_yaml(write(tmp_path, "a:\n- 1\n- b: 2\nc: {d: 1}\n"))
    assert document.line(path) == line
