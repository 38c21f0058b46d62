#!/usr/bin/env python3
"""Opens a report of pageledger as its readers do, and tells what they see.

check-format.py sarif|junit|ktap|github|gitlab FILE

Prints a line of JSON with what was counted. Ends with 1 when a reader finds fault, with 77 when the reader is missing:
jsonschema, junitparser and xmlschema for Python; the schemas in `$PAGELEDGER_SHARED/schemas`; the kernel's
kunit_parser.py in `$PAGELEDGER_KUNIT` or below /usr/src.
"""

import contextlib
import glob
import gzip
import io
import json
import os
import re
import sys


class Missing(Exception):
    pass


def schema(name):
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    shared = os.environ.get("PAGELEDGER_SHARED") or os.path.join(root, "..", "shared")
    path = os.path.join(shared, "schemas", name)
    if not os.path.exists(path):
        raise Missing(f"no {name}")
    return path


def physical(location):
    uri = location["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"(file:///)?([A-Za-z0-9._~!$&'()*+,;=@/:-]|%[0-9A-F]{2})+", uri), uri
    assert uri.startswith("file:///") or ":" not in uri.split("/")[0], uri
    assert location["physicalLocation"]["region"]["startLine"] >= 1


def sarif(path):
    try:
        import jsonschema
    except ImportError:
        raise Missing("no jsonschema")
    with open(path, "rb") as file:
        data = file.read()
    document = json.loads(data)
    packed = len(gzip.compress(data))
    assert packed <= 10_000_000, packed
    assert len(document["runs"]) == 1
    run = document["runs"][0]
    results = run["results"]
    rules = run["tool"]["driver"]["rules"]
    assert len(results) <= 25_000
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert len(rule["properties"]["tags"]) <= 20
        assert rule["help"]["text"]
    for result in results:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        places = result["locations"] + result.get("relatedLocations", [])
        assert 1 <= len(result["locations"]) and len(places) <= 1000
        steps = [
            step["location"]
            for flow in result.get("codeFlows", [])
            for thread in flow["threadFlows"]
            for step in thread["locations"]
        ]
        assert len(steps) <= 100
        for place in places + steps:
            physical(place)
        assert result["partialFingerprints"]
    assert len({"suppressions" in result for result in results}) <= 1
    # Of many like results some stand for all: the validator takes a millisecond for each.
    run["results"] = results[:: max(1, len(results) // 200)]
    with open(schema("sarif-schema-2.1.0.json"), encoding="utf-8") as file:
        jsonschema.Draft4Validator(json.load(file)).validate(document)
    notes = [n for i in run["invocations"] for n in i["toolExecutionNotifications"]]
    return {
        "results": len(results),
        "gzip": packed,
        "broken": sum(not i["executionSuccessful"] for i in run["invocations"]),
        "notes": sorted({note["descriptor"]["id"] for note in notes}),
        "states": sorted({result.get("baselineState", "") for result in results}),
        "suppressed": sum(bool(result.get("suppressions")) for result in results),
    }


def junit(path):
    try:
        import junitparser
        import xmlschema
    except ImportError:
        raise Missing("no junitparser or xmlschema")
    xmlschema.XMLSchema(schema("junit-10.xsd")).validate(path)
    counts = {"suites": 0, "tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in junitparser.JUnitXml.fromfile(path):
        told = (suite.tests, suite.failures, suite.errors, suite.skipped)
        names = set()
        counts["suites"] += 1
        for case in suite:
            assert (case.classname, case.name) not in names, case.name
            names.add((case.classname, case.name))
            assert len((case.system_out or "").encode()) <= 65536
            for result in case.result:
                assert len((result.text or "").encode()) <= 65536
        suite.update_statistics()
        assert told == (suite.tests, suite.failures, suite.errors, suite.skipped), told
        for key, number in zip(("tests", "failures", "errors", "skipped"), told):
            counts[key] += number
    return counts


def kunit_folder():
    given = os.environ.get("PAGELEDGER_KUNIT")
    places = [given] if given else []
    places += sorted(glob.glob("/usr/src/linux-*/tools/testing/kunit"))
    for place in places:
        if os.path.exists(os.path.join(place, "kunit_parser.py")):
            return place
    raise Missing("no kunit_parser.py of the kernel's sources")


def ktap(path):
    sys.path.insert(0, kunit_folder())
    sys.dont_write_bytecode = True
    with open(path, encoding="utf-8", newline="\n") as file:
        lines = [line.rstrip("\n") for line in file]
    shown = io.StringIO()
    # Its printer takes standard output as it is when it is imported.
    with contextlib.redirect_stdout(shown):
        import kunit_parser

        test = kunit_parser.parse_run_tests(lines)
    assert test.counts.errors == 0, shown.getvalue()
    return {
        "suites": len(test.subtests),
        "passed": test.counts.passed,
        "failed": test.counts.failed,
        "skipped": test.counts.skipped,
        "crashed": test.counts.crashed,
        "tap": tap(lines),
    }


def tap(lines):
    """What tap.py sees: it knows no subtests, so that only results of captures count."""
    try:
        from tap.parser import Parser
    except ImportError:
        return None
    tests = list(Parser().parse_text("\n".join(lines)))
    return sum(line.category == "test" for line in tests)


def github(path):
    counts = {"error": 0, "warning": 0, "notice": 0}
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file.read().split("\n")[:-1]:
            # The runner: actions/runner, src/Runner.Common/ActionCommand.cs.
            found = re.fullmatch(r"::(error|warning|notice) ([^\r\n]*?)::([^\r\n]*)", line)
            assert found, line[:200]
            counts[found[1]] += 1
            for part in found[2].split(","):
                assert re.fullmatch(r"(file|line|title)=[^:,]+", part), part
    assert all(number <= 10 for number in counts.values()), counts
    return counts


def gitlab(path):
    with open(path, encoding="utf-8") as file:
        issues = json.load(file)
    known = set()
    for issue in issues:
        assert issue["description"] and issue["check_name"] and issue["fingerprint"]
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        place = issue["location"]
        assert place["path"] and not place["path"].startswith("./")
        assert isinstance(place["lines"]["begin"], int) and place["lines"]["begin"] >= 1
        assert (issue["fingerprint"], place["path"]) not in known
        known.add((issue["fingerprint"], place["path"]))
    return {"issues": len(issues)}


def main():
    readers = {f.__name__: f for f in (sarif, junit, ktap, github, gitlab)}
    try:
        print(json.dumps(readers[sys.argv[1]](sys.argv[2]), sort_keys=True))
    except Missing as reason:
        print(f"skipped: {reason}")
        sys.exit(77)


main()
