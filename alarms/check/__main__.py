"""``python -m alarms.check``: the definitions against the code that emits, and against CloudWatch's quirks."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alarms.check.catalogue_options import add_catalogue_options, read_asked_catalogue
from alarms.check.definition_checks import check_definitions
from alarms.check.log_check import check_logs
from alarms.check.metric_catalogue import write_catalogue
from alarms.definition_files import Definition, DefinitionError, Variables, require_variables
from alarms.options import add_common_options, read_asked_definitions
from alarms.recording import NothingRecorded
from cli.command_parser import ExitCode, add_paths_option, command_parser
from cli.screen import Screen
from cloudwatch.notice import Notice

DESCRIPTION = """\
Compare the definitions with the metrics that the code declares (both ways), and check them for CloudWatch's quirks.

Every metric, dimension set, unit and statistic in a definition must be one that the code declares, or a known metric of
AWS. Every declared metric must be in a definition, or in alarms/definitions/unwatched.json with the reason. An error is
what AWS refuses, or what cannot work. A remark is what AWS accepts, but which should be reviewed.

--definitions checks other files, by CloudWatch's rules alone: output of `aws cloudwatch describe-alarms` and
`get-dashboard`, parameters as --cli-input-json takes them, bodies of dashboards, CloudFormation templates as people and
`cdk synth` write them, and files in the form of this project.
With a catalogue of their metrics, what they watch is checked, too. A namespace that no catalogue has is not checked.
"""

EXAMPLES = [
    ("", "check the definitions"),
    ("--logs .local/demo/emf.log", "also check that the records of a log are declared"),
    ("--definitions alarms.json dashboard.json", "check files of any account, by CloudWatch's rules alone"),
    ("--definitions cdk.out", "check the templates of an application of the CDK"),
    ("--definitions alarms.json --catalogue-from emf.log.gz", "and that each metric that they name is in the log"),
]
EXIT_CODES = {
    ExitCode.DONE: "there is no error; there may be remarks",
    ExitCode.FAILED: "there are errors; each line of the output has a file, a key and the reason",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the definitions and the logs that the command line names, and return an ExitCode."""
    asked = _parse(arguments)
    screen = Screen(quiet=asked.json)
    try:
        definitions, variables = read_asked_definitions(asked, screen)
        notices = _check(definitions, variables, asked)
    except (DefinitionError, NothingRecorded, OSError) as error:
        screen.fail(str(error))
        return ExitCode.REFUSED
    errors = [notice for notice in notices if notice.is_error]
    remarks = [notice for notice in notices if not notice.is_error]
    if asked.json:
        screen.document({"errors": [_member(each) for each in errors], "remarks": [_member(each) for each in remarks]})
    _print_notices(errors, remarks, screen)
    if errors:
        return ExitCode.FAILED
    screen.good(f"{len(definitions)} definitions: no problem found.")
    return ExitCode.DONE


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_parser("alarms.check", DESCRIPTION, examples=EXAMPLES, exit_codes=EXIT_CODES)
    add_paths_option(parser, "--logs", "LOG", "also compare EMF logs with this project's metrics")
    more = "more metrics of AWS, in the form of alarms/check/aws_metrics.json"
    add_paths_option(parser, "--aws-metrics", "FILE", more)
    add_catalogue_options(parser)
    parser.add_argument("--write-catalogue", metavar="FILE", type=Path, help="write the catalogue that was read")
    add_common_options(parser)
    return parser.parse_args(arguments)


def _check(definitions: list[Definition], variables: Variables, asked: argparse.Namespace) -> list[Notice]:
    """Every notice. Raises DefinitionError, NothingRecorded, OSError."""
    catalogue, notices = read_asked_catalogue(asked)
    notices += check_definitions(definitions, variables, asked.aws_metrics, catalogue)
    if asked.write_catalogue:
        write_catalogue(catalogue, asked.write_catalogue)
    if asked.logs:
        if asked.definitions and "NAMESPACE" not in variables:
            raise DefinitionError(["--logs is for logs of this project; for others give --catalogue-from LOG…"])
        require_variables(variables, "NAMESPACE")
        notices += check_logs(asked.logs, str(variables["NAMESPACE"]))
    return notices


def _member(notice: Notice) -> dict[str, Any]:
    return {"file": notice.file, "place": notice.place, "text": notice.text}


def _print_notices(errors: Sequence[Notice], remarks: Sequence[Notice], screen: Screen) -> None:
    for heading, found, style in (("error(s)", errors, "red"), ("remark(s)", remarks, "yellow")):
        for notice in found:
            screen.line(str(notice), style)
        if found:
            screen.line(f"{len(found)} {heading}", f"bold {style}")


if __name__ == "__main__":
    sys.exit(main())
