"""One line a test, in the file that `OUTCOMES` names: so two runs are compared."""

import os


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        with open(os.environ["OUTCOMES"], "a", encoding="utf-8") as out:
            out.write(f"{report.outcome} {report.nodeid!a}\n")
