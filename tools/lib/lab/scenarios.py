"""The table of scenarios, and the judgement of a capture by it."""

import json
import subprocess
import tomllib

from kernels import HERE

LACKING = 77  # exit code of programs that this kernel cannot serve


class Scenario:
    """A row of scenarios.toml for one series of kernels."""

    def __init__(self, row, series):
        row = {**row, **row.get(series, {})}
        self.name, self.about, self.run = row["name"], row["about"], row["run"]
        self.profile, self.peers = row["profile"], row.get("peers", False)
        self.module, self.quick = row.get("needs") == "module", row.get("form") == "quick"
        self.fixture = row.get("fixture")
        self.found = {True: row.get("find", []), False: row.get("stock", [])}
        self.may, self.last = set(row.get("may", [])), row.get("last", False)

    def complaints(self, findings, debug, blocks, sees):
        """What is wrong with the rules that spoke: sentences, none when all is as the table says. A recorder that does not see
        enough may leave all rules silent."""
        spoken = {finding["rule"] for finding in findings}
        wanted = [set(choice.split("|")) for choice in self.found[debug]]
        told = [f"{'|'.join(sorted(choice))} said nothing" for choice in wanted if sees and not choice & spoken]
        allowed = self.may.union(*wanted)
        told += [f"{rule} spoke" for rule in sorted(spoken - allowed)]
        if blocks and sees and not told:
            of_wanted = [finding for finding in findings if any(finding["rule"] in choice for choice in wanted)]
            if wanted and not any(touches(finding, blocks) for finding in of_wanted):
                told.append("no finding is about the pages that the module named")
        return told


def touches(finding, blocks):
    """True when a finding's pages are among labelled ones."""
    return any(
        first < pfn + (1 << order) and last >= pfn
        for first, last in finding.get("pageRanges") or []
        for pfn, order in blocks
    )


def table(series):
    """All scenarios as they are on a series of kernels."""
    rows = tomllib.loads((HERE / "scenarios.toml").read_text())["scenario"]
    return [Scenario(row, series) for row in rows]


def analysis(pageledger, capture):
    """What analyze says of a capture, and its exit code."""
    words = [pageledger, "analyze", "--format", "json", capture]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout), done.returncode
    except json.JSONDecodeError:
        return {"verdict": (done.stderr.strip() or "no answer").splitlines()[-1], "findings": []}, done.returncode
