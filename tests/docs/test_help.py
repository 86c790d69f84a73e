"""What every verb says about itself."""

import argparse
import re
import shutil
import subprocess

import pytest

from cli.completion import SHELLS, script, verbs_of
from cli.main import VERBS, full_parser, main

#: Verbs without --json, and why.
NO_JSON = {
    "completion": "prints a script for a shell",
    "engine": "speaks JSON lines and nothing else",
    "watch": "draws a screen; `books --json` and its like are for programs",
}
#: Options whose value is a number without a unit.
UNITLESS = {
    "--binance-port",
    "--coinbase-port",
    "--jobs",
    "--rate",
    "--reads",
    "--rounds",
    "--seed",
    "--symbols",
}
_UNIT = re.compile(r"SECONDS|\bMS\b|\bN\b|\bX\b|milliseconds|hours|levels", re.IGNORECASE)


@pytest.fixture(scope="module")
def parsers():
    return verbs_of(full_parser())


def options(parser):
    return [one for one in parser._actions if not isinstance(one, argparse._HelpAction)]


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_says_in_one_line_what_it_is_for(parsers, name):
    purpose = parsers[name].description
    assert purpose == VERBS[name]
    assert purpose
    assert "\n" not in purpose
    assert len(purpose) <= 80


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_has_an_example_that_it_can_read(parsers, name):
    text = parsers[name].format_help().replace("\\\n", " ")
    examples = re.findall(rf"^  (?:\w+=\S+ )?crossquote ({name}\b.*)$", text, re.MULTILINE)
    assert examples, f"{name} has no example of itself"
    assert "examples:" in text
    for line in examples:
        words = _words(line)
        parsed = full_parser().parse_args(words)
        assert parsed.verb == name, line


def _words(line):
    """Return the words of an example, without what the shell takes and what explains it."""
    line = re.split(r"\s{2,}(?! *--)|\s[|<>]\s?", line)[0]
    return [word.strip("'\"") for word in re.findall(r"\"[^\"]*\"|'[^']*'|\S+", line)]


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_lists_its_exit_codes(parsers, name):
    text = parsers[name].format_help()
    found = re.search(r"^exit codes: (.+)$", text, re.MULTILINE)
    assert found, f"{name} does not say its exit codes"
    assert re.match(r"0 \w", found[1])
    assert re.search(r"\b2 [a-z]", found[1])


@pytest.mark.parametrize("name", VERBS)
def test_every_argument_of_a_verb_is_explained_and_numbers_have_a_unit(parsers, name):
    for one in options(parsers[name]):
        label = one.option_strings[0] if one.option_strings else one.dest
        assert one.help, f"{name} {label}"
        numeric = one.type in (int, float) or isinstance(one.default, int | float)
        if numeric and one.nargs != 0 and label not in UNITLESS:
            assert _UNIT.search(f"{one.metavar} {one.help} {label}"), f"{name} {label}"


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_that_prints_data_can_print_json(parsers, name):
    strings = {text for one in options(parsers[name]) for text in one.option_strings}
    assert ("--json" in strings) != (name in NO_JSON)


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert re.fullmatch(r"crossquote \S+ \([0-9a-f]{16}\)\n", capsys.readouterr().out)


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_knows_every_verb_and_option(parsers, shell):
    text = script(shell)
    for name, parser in parsers.items():
        assert name in text
        for one in options(parser):
            for string in one.option_strings:
                assert string.lstrip("-") in text


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_reads_its_script(shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed: apt-get install {shell}")
    file = tmp_path / "completion"
    file.write_text(script(shell))
    done = subprocess.run([shell, "-n", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


BASH = """
source {file}
complete() {{
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _shtab_crossquote crossquote "${{COMP_WORDS[$COMP_CWORD]}}"; echo "${{COMPREPLY[@]}}"
}}
complete crossquote st
complete crossquote run --scenario fl
complete crossquote config sc
complete crossquote schedule pau
"""


def test_bash_completes_verbs_options_and_choices(tmp_path):
    file = tmp_path / "completion"
    file.write_text(script("bash"))
    done = subprocess.run(
        ["bash", "-c", BASH.format(file=file)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["status stop", "flash-crash", "schema", "pause"]


def test_completion_is_a_verb(capsys):
    assert main(["completion", "fish"]) == 0
    assert "complete -c crossquote" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("statos", "there is no verb 'statos'; did you mean status"),
        ("hlat", "did you mean halt"),
        ("x" * 50, "; `crossquote --help` lists them"),
    ],
)
def test_a_word_that_is_no_verb_is_wrong_usage_and_the_nearest_is_named(capsys, word, said):
    with pytest.raises(SystemExit, match="2"):
        main([word])
    assert said in capsys.readouterr().err
