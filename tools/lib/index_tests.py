"""What page-test.py does with the index of a batch; `page` is that module."""

import json
import os
import re
import subprocess
import time

from selenium.webdriver.common.keys import Keys


def batch(page, program, folder, name, count, findings, *options):
    """An index of many small captures, and its folder."""
    source = folder / f"{name}-in"
    subprocess.run([page.ROOT / "tools/many-captures", str(count), str(findings), source], check=True)
    target = folder / f"{name}.html"
    done = subprocess.run([program, "batch", "--quiet", "--manifest", source / "manifest", "--out", folder / f"{name}-out",
                           "--report", f"html={target}", *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    page.check(done.returncode == 2 and target.exists(), f"pageledger batch: {done.stderr.decode()}")
    return target


def small(page, program, folder):
    """An index with new, known and gone findings, made once."""
    target = folder / "index.html"
    if target.exists():
        return target
    batch(page, program, folder, "index", 400, 250)
    base = json.loads((folder / "index-out/summary.json").read_text())
    base["findings"][0]["id"] = "PL003-0000000000000000"
    (folder / "base.json").write_text(json.dumps(base))
    return batch(page, program, folder, "index", 400, 250, "--baseline", folder / "base.json")


def indexes_a_batch(page, program, folder, pictures):
    """The index answers, leads from findings to captures and back, and keeps its state in the address."""
    check = page.check
    target = small(page, program, folder)
    with page.Page() as tab:
        tab.open(target)
        head = tab.text(".verdict h1").replace("\n", " ")
        check("Findings:" in head and "1 new" in head and "known" in head and "400 captures" in head, head)
        check("have no result" in tab.text(".trust"), "trust")
        check(tab.run("document.querySelector('.row').getBoundingClientRect().bottom < innerHeight"), "first screen")
        check("new" in tab.text(".group-head"), "the new ones come first")
        check(" captures" in tab.text(".row") and re.search(r"\(\d+\)", tab.text(".row-task")), "a row tells captures and jobs")
        detail = tab.text(".detail")
        for words in ("In the batch", "First seen", "2026-01-1", "Last seen", "Kernels", "Jobs", "Hosts", "The worst example", "The events that prove it"):
            check(words in detail, words)
        tab.picture(pictures / "index-light.png")
        name = tab.run("pageledger.nameOf(pageledger.current)")
        wanted = tab.run("pageledger.capture.batch.captures[pageledger.current]")
        tab.click(".detail dd a")
        check("v=captures" in tab.hash and f"finding%3A{name}" in tab.hash, tab.hash)
        check(tab.text("#c0-captures .tally").startswith(f"{wanted} of 400"), tab.text("#c0-captures .tally"))
        tab.picture(pictures / "index-captures.png")
        tab.click(".cell-findings a")
        check("v=captures" not in tab.hash and "capture%3A" in tab.hash, tab.hash)
        check(name in tab.run("[...pageledger.list.rows].map(row => pageledger.nameOf(row))"), "and back to the finding")
        tab.browser.back()
        time.sleep(0.2)
        check("v=captures" in tab.hash and tab.run("document.querySelector('.grid').checkVisibility()"), "the back button")
        tab.open(target)
        tab.click(".verdict .compare a[data-query='status:unreadable']")
        check("status%3Aunreadable" in tab.hash and "unreadable" in tab.text(".grid-body .cell-status"), "captures by status")
        for query, words in (("status:crash", "0 of 400"), ("job:boot", "50 of 400"), ("kernel:6.1 job:mm", " of 400"), ("findings:>1", " of 400"),
                             ("run-000005", "1 of 400"), ("severity:critical+", " of 400"), ("host:lab-1 date:2026-01-11", " of 400"), ("error:header", " of 400")):
            tab.keys("/")
            tab.keys(query)
            check(words in tab.text("#c0-captures .tally"), f"{query}: {tab.text('#c0-captures .tally')}")
            tab.keys(Keys.ESCAPE)
        tab.keys("/")
        tab.keys("status:gone")
        check("no status is called" in tab.text("#c0-captures .problem"), "a wrong word is told")
        tab.keys(Keys.ESCAPE, Keys.ESCAPE)
        for order in ("status", "findings", "severity", "kernel", "job", "host", "date"):
            tab.run("pageledger.go({v: 'captures', s: arguments[0]})", order)
            check(tab.run("document.querySelectorAll('.grid-body .grid-row').length") > 5, order)
        check(tab.run("document.querySelectorAll('.grid-body .grid-row').length") < 60, "rows that nobody sees exist")
        tab.run("pageledger.go({v: 'findings', q: '', s: 'weight'})")
        for query in ("job:boot", "kernel:6.12", "host:lab-2", "captures:>2", "capture:run-000001", "standing:new"):
            rows = tab.run("(pageledger.go({q: arguments[0]}), pageledger.list.rows.length)", query)
            check(0 < rows < 250, f"{query}: {rows}")
        tab.run("pageledger.go({q: ''})")
        for order in ("captures", "first", "last", "seen", "rule"):
            tab.run("pageledger.go({s: arguments[0]})", order)
            check(tab.run("pageledger.list.rows.length") > 200, order)
        check(tab.run("pageledger.order.options.length") == 6, "orders")
        tab.keys("?")
        check("status:crash" in tab.text("dialog"), "help")
        tab.keys(Keys.ESCAPE, "t")
        tab.open(target, "#v=captures&t=dark")
        tab.picture(pictures / "index-captures-dark.png")
        tab.keys("j", "j", "g", "p")
        check("v=captures" in tab.hash, "keys of findings do nothing here")
        tab.open(target, f"#f={name}&t=dark")
        check(name in tab.text(".detail"), "a link to a finding")
        tab.picture(pictures / "index-dark.png")
        for view in ("compare", "coverage", "losses", "about"):
            tab.click(f".tabs a[data-view={view}]")
            check(tab.run("[...document.querySelectorAll('.panel')].filter(e => !e.hidden).length") == 1, view)
        tab.click(".tabs a[data-view=compare]")
        check("PL003-0000000000000000" in tab.text(".panel[data-view=compare]"), "what is fixed")
        tab.open(target, "#v=page&p=0x10")
        check(tab.run("pageledger.state.v") == "findings", "no page of many captures")
        tab.quiet()


def index_without_script(page, program, folder, pictures):
    """The index reads without its script, prints, fits a phone, keeps to the strict policy, and is the same twice."""
    check = page.check
    target = small(page, program, folder)
    source = target.read_text()
    check(source.count("<details class=\"finding\" open>") == 200, "200 findings in plain HTML")
    policy = re.search("<!-- Content-Security-Policy without 'unsafe-inline': (.*?) -->", source).group(1)
    strict = folder / "index-strict.html"
    strict.write_text(re.sub("(http-equiv=\"Content-Security-Policy\" content=\")[^\"]*", lambda match: match.group(1) + policy, source))
    with page.Page() as tab:
        tab.open(strict, "#v=captures")
        check("run-0000" in tab.text(".grid-body"), "the table under the policy")
        tab.quiet()
        data = tab.open(target).command("Page.printToPDF", {})["data"]
        (pictures / "index.pdf").write_bytes(page.base64.b64decode(data))
        names = tab.run("pageledger.capture.id.slice()")
    try:
        words = subprocess.run(["pdftotext", "-layout", pictures / "index.pdf", "-"], capture_output=True, check=True).stdout.decode()
        missing = [name for name in names if name not in words]
        check(not missing and "Capture without a result" in words, f"{len(missing)} of {len(names)} ids are not printed")
    except FileNotFoundError:
        print("  pdftotext is not installed: the printed words are not read")
    with page.Page(scripts=False) as tab:
        tab.open(target)
        words = " ".join(str(node.get("name", {}).get("value", "")) for node in tab.command("Accessibility.getFullAXTree", {})["nodes"])
        check("different findings" in words and "Capture without a result" in words and "Search" not in words, "words without scripts")
    with page.Page(page.PHONE, dark=True) as tab:
        tab.open(target)
        tab.picture(pictures / "index-phone.png")
        tab.quiet()
        tab.open(target, "#v=captures")
        tab.picture(pictures / "index-phone-captures.png")
        tab.quiet()
    again = folder / "again.html"
    os.rename(target, again)
    batch(page, program, folder, "index", 400, 250, "--baseline", folder / "base.json")
    check(again.read_bytes() == target.read_bytes(), "the same batch gives another page")


def index_of_hostile_names(page, program, folder, pictures):
    """Paths and labels that try to become markup stay names."""
    check = page.check
    source = folder / "evil"
    source.mkdir()
    kept = (page.ROOT / "fixtures/cases/rules/PL003-underflow.case").read_bytes()
    rows = []
    for number, name in enumerate(("<img src=x onerror=alert(1)>", "\u202egnp.\u2066", "a\x01b", "'\"><b>&amp;", "<!--", "\u2028", "x" * 200, "<script>")):
        path = source / name.replace("/", "_")
        path.write_bytes(kept if number % 2 else b"\x17\x08\x44tracing6\x00")
        rows.append(json.dumps({"path": str(path), "job": f"</script><b>{name}", "kernel": name, "date": name, "host": "__proto__"}))
    (folder / "evil.json").write_text("\n".join(rows) + "\n")
    target = folder / "evil.html"
    subprocess.run([program, "batch", "--quiet", "--manifest", folder / "evil.json", "--out", folder / "evil-out", "--report", f"html={target}"],
                   stdout=subprocess.DEVNULL, check=False)
    with page.Page() as tab:
        for view in ("", "#v=captures", "#v=captures&q=job:%3C%2Fscript", "#v=about", "#q=job:__proto__ host:__proto__"):
            tab.open(target, view)
            check(tab.run("document.querySelectorAll('img, main script, main b:not(.lead b, td b, .compare b)').length") == 0, f"markup from a name, {view}")
            words = tab.text("body")
            check("\u202e" not in words and "\u2028" not in words and "\x01" not in words, "a control is shown as itself")
            tab.quiet()
        tab.picture(pictures / "index-hostile.png")


def index_is_accessible(page, program, folder, pictures):
    """axe-core finds nothing serious in either theme."""
    target = small(page, program, folder)
    try:
        import axe_playwright_python
        script = next(page.pathlib.Path(axe_playwright_python.__file__).parent.glob("**/axe*.js")).read_text()
    except (ImportError, StopIteration):
        return print("  axe-core is not installed (axe-playwright-python): the index is not checked")
    for dark in (False, True):
        with page.Page(dark=dark) as tab:
            for view in ("findings", "captures", "captures&q=nothing", "captures&q=status:unreadable", "compare", "coverage", "losses", "about", "findings&r=all"):
                tab.open(target, f"#v={view}")
                tab.browser.set_script_timeout(300)
                tab.browser.execute_script(script)
                found = tab.browser.execute_async_script(
                    "const done = arguments[0]; axe.run().then(r => done(r.violations"
                    ".filter(v => ['serious', 'critical'].includes(v.impact))"
                    ".map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + n.failureSummary).join(' | '))))")
                page.check(not found, f"axe, {'dark' if dark else 'light'}, {view}: {found}")


def index_stays_quick(page, program, folder, pictures, count):
    """Very many captures and findings."""
    check = page.check
    begin = time.monotonic()
    target = batch(page, program, folder, "large", count, count)
    took = time.monotonic() - begin
    with page.Page() as tab:
        tab.open(target)
        figures = {"batch-s": took, "size": target.stat().st_size}
        figures["paint"] = tab.painted()
        figures["ready"] = tab.run("performance.getEntriesByType('navigation')[0].domInteractive")
        time.sleep(0.5)
        tab.picture(pictures / "index-large.png")
        figures["findings"] = tab.run("pageledger.capture.count")
        timings = [tab.run("(pageledger.go({q: arguments[0]}), pageledger.timing)", query)
                   for query in ["task", "job:boot", "kernel:6.12 severity:critical", "capture:run-0001", "captures:>1"] * 3]
        figures["filter"] = sorted(row["filter"] + row["sort"] for row in timings)[len(timings) // 2]
        tab.run("pageledger.go({q: ''})")
        sorts = [tab.run("(pageledger.go({s: arguments[0]}), pageledger.timing.sort)", order) for order in ["captures", "first", "last", "seen", "rule"] * 3]
        tab.run("pageledger.go({v: 'captures', q: '', s: 'weight'})")
        figures["captures"] = tab.run("pageledger.captureTable.rows.length")
        timings = [tab.run("(pageledger.go({q: arguments[0]}), pageledger.captureTable.timing)", query)
                   for query in ["run-0001", "job:boot", "status:findings kernel:6.12", "findings:>1", "finding:PL003-1"] * 3]
        figures["capture-filter"] = sorted(row["filter"] + row["sort"] for row in timings)[len(timings) // 2]
        tab.run("pageledger.go({q: ''})")
        sorts += [tab.run("(pageledger.go({s: arguments[0]}), pageledger.captureTable.timing.sort)", order)
                  for order in ["status", "findings", "kernel", "job", "date"] * 3]
        figures["sort"] = sorted(sorts)[len(sorts) // 2]
        tab.run("gc()")
        figures["heap"] = tab.run("performance.memory.usedJSHeapSize")
        tab.run("pageledger.captureTable.scroll.scrollTop = 1e9")
        time.sleep(0.3)
        check(tab.run("document.querySelectorAll('.grid-body .grid-row').length") < 100, "rows that nobody sees exist")
        last = tab.run("Math.max(...[...document.querySelectorAll('.grid-body .grid-row')].map(e => Number(e.getAttribute('aria-rowindex'))))")
        check(last == figures["captures"] + 1, "the end of the table")
        tab.picture(pictures / "index-large-captures.png")
        tab.quiet()
    print("  " + json.dumps({key: round(value) for key, value in figures.items()}))
    check(figures["size"] <= 10.5e6, f"the page has {figures['size']} bytes")
    for key, limit in (("paint", 1000), ("filter", 100), ("capture-filter", 100), ("sort", 300), ("heap", 150e6)):
        check(figures[key] < limit * 4, f"{key}: {figures[key]} of {limit}")


TESTS = (indexes_a_batch, index_without_script, index_of_hostile_names, index_is_accessible)
