#!/usr/bin/env python3
"""Opens HTML reports in a headless Chromium and uses them as a person would.

page-test.py PAGELEDGER [--findings N] [--pictures FOLDER] [TEST...]
Needs Chromium, its driver and selenium for Python: Debian's chromium, chromium-driver and python3-selenium.
"""

import argparse
import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import index_tests
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DESK, PHONE = (1366, 768), (390, 844)
LIMITS = {"paint": 1000, "filter": 100, "sort": 300, "heap": 150e6}


class Page:
    """One browser on one report."""

    def __init__(self, size=DESK, scripts=True, dark=False):
        options = webdriver.ChromeOptions()
        for binary in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"):
            if os.path.exists(binary):
                options.binary_location = binary
                break
        for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--enable-precise-memory-info", "--js-flags=--expose-gc", "--hide-scrollbars",
                     "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking"):
            options.add_argument(flag)
        if not scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = "/usr/bin/chromedriver"
        service = Service(executable_path=driver) if os.path.exists(driver) else Service()
        self.browser = webdriver.Chrome(options=options, service=service)
        self.command("Emulation.setDeviceMetricsOverride",
                     {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False})
        self.command("Emulation.setEmulatedMedia",
                     {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        self.command("Network.enable", {})
        self.command("Network.emulateNetworkConditions",
                     {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.browser.quit()

    def command(self, name, arguments):
        return self.browser.execute_cdp_cmd(name, arguments)

    def open(self, path, fragment=""):
        self.browser.get("about:blank")
        self.browser.get(path.as_uri() + fragment)
        return self

    def run(self, script, *arguments):
        return self.browser.execute_script("return " + script, *arguments)

    def keys(self, *keys):
        ActionChains(self.browser).send_keys(*keys).perform()
        time.sleep(0.15)

    def text(self, selector):
        return self.run("[...document.querySelectorAll(arguments[0])].map(e => e.innerText).join('\\n')", selector)

    def click(self, selector, number=0):
        element = self.browser.find_elements(By.CSS_SELECTOR, selector)[number]
        self.run("arguments[0].scrollIntoView({block: 'nearest'})", element)
        time.sleep(0.1)
        self.browser.find_elements(By.CSS_SELECTOR, selector)[number].click()
        time.sleep(0.1)

    def painted(self):
        """When something was seen first, in ms; the browser tells it some time later."""
        for _ in range(50):
            if when := self.run("performance.getEntriesByName('first-contentful-paint')[0]?.startTime"):
                return when
            time.sleep(0.1)
        raise AssertionError("nothing was painted")

    @property
    def hash(self):
        return self.run("location.hash")

    def picture(self, path):
        self.browser.save_screenshot(str(path))

    def quiet(self):
        rows = [row for row in self.browser.get_log("browser") if row["level"] != "DEBUG"]
        check(not rows, f"console: {rows[:3]}")
        check(self.run("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than its window")


def check(holds, words):
    if not holds:
        raise AssertionError(words)


def report(program, captures, path, *options):
    done = subprocess.run([program, "analyze", "--quiet", *map(str, captures), "--report", f"html={path}", *options],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    check(done.returncode in (0, 1, 3) and path.exists(), f"pageledger: {done.stderr.decode()}")
    return path


def many(program, folder, count):
    capture = folder / "many.txt"
    with open(capture, "wb") as file:
        subprocess.run([ROOT / "tools/many-findings", str(count)], stdout=file, check=True)
    return report(program, [capture], folder / "many.html")


def shows_the_finding(program, folder, pictures):
    """The first screen answers; pictures and table are tied."""
    with Page() as page:
        page.open(folder / "ttm-kvm.html")
        check("Findings: 1 high" in page.text(".verdict h1").replace("\n", " "), page.text(".verdict h1"))
        check("could not decide" in page.text(".trust"), "trust")
        check("refused tail pages" in page.text(".row"), "the list")
        check(page.run("document.querySelector('.row').getBoundingClientRect().bottom < innerHeight"), "first screen")
        check("no link from tails to the head" in page.run("document.querySelector('.detail').textContent"), "block picture")
        page.click(".chain tbody tr", 3)
        check(page.run("document.querySelectorAll('.pick[aria-pressed=true]').length") == 1, "event on the life")
        page.keys("]")
        check("hva_to_pfn_ret" in page.text(".chain tr[aria-selected=true]"), "] goes to the next event")
        page.keys("[", "[")
        check("hva_to_pfn addr" in page.text(".chain tr[aria-selected=true]"), "[ goes back")
        page.run("document.querySelector('svg .pick[aria-label^=\"head\"]').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
        check("Head 0x1400" in page.text(".say"), "a page of the block tells itself")
        page.picture(pictures / "finding-light.png")
        page.keys("t")
        check(page.run("document.documentElement.dataset.theme") == "dark" and "t=dark" in page.hash, "theme")
        page.picture(pictures / "finding-dark.png")
        page.quiet()
        for view in ("coverage", "losses", "legal", "events", "about"):
            page.click(f".tabs a[data-view={view}]")
            check(page.run("[...document.querySelectorAll('.panel')].filter(e => !e.hidden).length") == 1, view)
            page.picture(pictures / f"{view}.png")
        page.browser.back()
        check("v=events" in page.hash, "back goes to the view before")
        page.keys(Keys.ESCAPE)
        check("v=" not in page.hash, "Esc goes to the findings")
        page.quiet()


def tells_pages_apart(program, folder, pictures):
    """What befell a tail is not said of its head, though the event of both names the head."""
    path = report(program, [ROOT / "fixtures/captures/tail_put_free.dat"], folder / "tail.html")
    with Page() as page:
        page.open(path)
        head, tail = (page.run(f"document.querySelector('svg .pick[aria-label^=\"{name}\"]').getAttribute('aria-label')")
                      for name in ("head", "tail 1"))
        check("has the count" in head and "tail" not in head, head)
        check("freed alone" in tail and "free" in tail, tail)
        page.quiet()


def counted_rows(page, query):
    page.keys("/")
    page.keys(query)
    rows = page.run("pageledger.list.rows.length")
    page.keys(Keys.ESCAPE)
    return rows


def knows_pages(program, folder, pictures):
    """A page by its frame, its address, a guest's frame; one that is not there."""
    with Page() as page:
        page.open(folder / "ttm-kvm.html")
        page.keys("g", "p")
        check("v=page" in page.hash, "g p goes to a page")
        page.keys("0x1401", Keys.ENTER)
        check("Page 0x1401" in page.text(".page-result h2") and "p=0x1401" in page.hash, page.hash)
        check("tail 1 of 0x1400, order 10" in page.text(".page-result"), "its block")
        check("KVM was refused tail pages" in page.text(".page-result .links"), "its findings")
        check("page_ref_mod_unless" in page.text(".page-result .chain"), "its events")
        check(page.run("document.querySelectorAll('.page-result svg .dot').length") > 3, "its life")
        page.picture(pictures / "page.png")
        page.run("document.activeElement.blur()")
        page.keys("]", "]")
        check("kvm_page_fault" in page.text(".page-result tr[aria-selected=true]"), "] goes through its events")
        page.quiet()
        for entry, words in (("5121", "Page 0x1401"), ("phys:0x1401abc", "Page 0x1401"), ("0x1401000", "Page 0x1401"), ("gfn:0x1001", "Page 0x1401"),
                             ("0x1001000", "Page 0x1401"), ("0x17fe", "tail 1,022 of 0x1400"), ("0x1400", "head of 0x1400"),
                             ("0x99999", "pageledger page 0x99999"), ("0x99999", "is not in this report"), ("junk", "is no page"),
                             ("0xffffffffffffffff", "is not in this report")):
            page.keys("g", "p")
            page.keys(entry, Keys.ENTER)
            check(words in page.text(".page-result"), f"{entry}: {page.text('.page-result')[:200]}")
            page.run("document.activeElement.blur()")
        page.open(folder / "ttm-kvm.html", "#v=page&p=0x1401")
        page.click(".page-result .links a")
        check("v=page" not in page.hash and "f=PL010" in page.hash, "to the finding")
        page.browser.back()
        time.sleep(0.2)
        check("Page 0x1401" in page.text(".page-result h2"), "and back")
        page.quiet()


def keeps_to_the_policy(program, folder, pictures):
    """The page runs where a server allows the named checksums and nothing else inline."""
    source = (folder / "ttm-kvm.html").read_text()
    policy = re.search("<!-- Content-Security-Policy without 'unsafe-inline': (.*?) -->", source).group(1)
    strict = re.sub("(http-equiv=\"Content-Security-Policy\" content=\")[^\"]*", lambda match: match.group(1) + policy, source)
    check(strict != source and "unsafe-inline" not in policy, "the policy")
    path = folder / "strict.html"
    path.write_text(strict)
    with Page() as page:
        page.open(path)
        check("refused tail pages" in page.text(".row"), "the list")
        page.click(".chain tbody tr", 3)
        page.keys("t", "?")
        check(page.run("getComputedStyle(document.querySelector('.row')).position") == "absolute", "the style")
        page.quiet()
        path.write_text(strict.replace("const SEVERITIES", "const  SEVERITIES"))
        page.open(path)
        check(page.run("!document.querySelector('.row') && !window.pageledger"), "another script is refused")


def compares(program, folder, pictures):
    """New findings first, what is gone apart."""
    words = subprocess.run([program, "analyze", "--help"], capture_output=True, check=True).stdout.decode()
    if "--baseline" not in words:
        return print("  this pageledger knows no --baseline")
    kept = ROOT / "fixtures/captures/ttm-kvm.dat"
    base = folder / "base.json"
    subprocess.run([program, "analyze", "--quiet", kept, "--format", "json"], stdout=open(base, "wb"), check=False)
    report(program, [kept], folder / "compared.html", "--baseline", str(base))
    old = json.loads(base.read_text())
    old["findings"][0]["id"] = "PL010-0000000000000000"
    base.write_text(json.dumps(old))
    report(program, [kept], folder / "renewed.html", "--baseline", str(base))
    with Page() as page:
        page.open(folder / "compared.html")
        check("nothing new, 1 known" in page.text(".verdict h1").replace("\n", " "), page.text(".verdict h1"))
        check("known" in page.text(".group-head"), "the group")
        page.open(folder / "renewed.html")
        check("1 new" in page.text(".verdict h1").replace("\n", " "), page.text(".verdict h1"))
        page.click(".compare a[data-standing=new]")
        check("q=standing%3Anew" in page.hash and page.text(".tally") == "1 finding", page.hash)
        page.click(".tabs a[data-view=compare]")
        check("PL010-0000000000000000" in page.text(".panel[data-view=compare]"), "what is fixed")
        page.picture(pictures / "compared.png")
        page.quiet()


def opens_in_perfetto(program, folder, pictures):
    """The trace keeps to the protos of PyPI's perfetto, as far as trace_processor looks at them."""
    try:
        from google.protobuf.unknown_fields import UnknownFieldSet
        from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace
    except ImportError:
        return print("  perfetto is not installed (PyPI): the trace is not read with its protos")
    path = folder / "trace.pftrace"
    subprocess.run([program, "analyze", "--quiet", ROOT / "fixtures/captures/ttm-kvm.dat", folder / "many.txt", "--report", f"perfetto={path}"],
                   stdout=subprocess.DEVNULL, check=False)
    trace = Trace.FromString(path.read_bytes())
    check(not UnknownFieldSet(trace) and len(trace.SerializeToString()) == path.stat().st_size, "fields that the protos do not know")
    tracks, depth, last, kinds = {}, {}, 0, set()
    for number, packet in enumerate(trace.packet):
        check(not any(UnknownFieldSet(part) for part in (packet, packet.track_event, packet.track_descriptor)), "unknown fields")
        check(packet.trusted_packet_sequence_id == 1 and (packet.sequence_flags == 1) == (number == 0), "the sequence")
        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            check(track.uuid not in tracks and (not track.HasField("parent_uuid") or track.parent_uuid in tracks), "a track")
            tracks[track.uuid] = track
            continue
        event = packet.track_event
        kinds.add(event.type)
        check(packet.timestamp >= last and event.track_uuid in tracks, "an event")
        last = packet.timestamp
        check(tracks[event.track_uuid].HasField("counter") == (event.type == event.TYPE_COUNTER), "a counter")
        check(event.type in (event.TYPE_SLICE_END, event.TYPE_COUNTER) or event.name, "an event without a name")
        step = {event.TYPE_SLICE_BEGIN: 1, event.TYPE_SLICE_END: -1}.get(event.type, 0)
        depth[event.track_uuid] = depth.get(event.track_uuid, 0) + step
        check(depth[event.track_uuid] in (0, 1), "slices that do not nest")
    check(not any(depth.values()) and kinds == {1, 2, 3, 4}, f"kinds: {kinds}")


def searches(program, folder, pictures):
    """Typing, keys, links, the back button."""
    path = folder / "many.html"
    with Page() as page:
        page.open(path)
        page.keys("/")
        page.keys("pfn:0x10004")
        check(page.text(".tally") == "1/1 of 300", page.text(".tally"))
        check("q=pfn%3A0x10004" in page.hash, page.hash)
        page.keys(Keys.ESCAPE)
        check(page.text(".tally") == "300 findings", "Esc empties the search")
        for query, count in (("rule:PL003 severity:critical", "300"), ("verdict:proven pfn:0x10000-0x10009", "1/5 of 300"),
                             ("task:aaab", "1/27 of 300"), ("nothing", "0 of 300"), ("cpu:3", None),
                             ("sev:crit page:0x10004 comm:task", "1/1 of 300"), ("standing:open", "300"), ("standing:new", "0 of 300"),
                             ("first:>0s last:<1000s", "300"), ("first:>+2ms", None), ("first:<+2ms", None), ("first:>=10000000us", "300"),
                             ("seen:>=2 pages:1 story:>3 id:PL003 title:page event:mod rule:PL003", None)):
            page.keys("/")
            page.keys(query)
            tally = page.text(".tally")
            check(tally.startswith(count) if count else " of 300" in tally, f"{query}: {tally}")
            page.keys(Keys.ESCAPE)
        page.keys("/")
        page.keys("severity:mild")
        check("no severity is called" in page.text(".problem"), "a wrong word is told")
        page.keys(Keys.ESCAPE)
        for query, words in (("tusk:qemu", "No key is called \u201ctusk\u201d"), ("first:soon", "first: wants a time"), ("cpu:x", "cpu: wants a number"),
                             ("pfn:zz", "pfn: wants"), ("standing:old", "no standing")):
            page.keys("/")
            page.keys(query)
            check(words in page.text(".problem"), f"{query}: {page.text('.problem')}")
            page.keys(Keys.ESCAPE)
        check(not page.run("document.querySelector('.problem').checkVisibility()"), "a complaint stays")
        early, late = (counted_rows(page, f"first:{sign}+2ms") for sign in "<>")
        check(0 < early < 300 and 0 < late < 300 and 299 <= early + late <= 300, f"times: {early} + {late}")
        page.keys("/")
        page.keys("task:aaab", Keys.ENTER)
        check(page.text(".tally") == "1/27 of 300", "the place among the hits")
        page.keys("n", "n")
        check(page.text(".tally") == "3/27 of 300", "n goes to the next hit")
        page.keys("N", "N", "N")
        check(page.text(".tally") == "27/27 of 300", "N goes back, around the end")
        check(page.run("CSS.highlights.get('found').size") > 0, "hits are marked")
        page.click(".render-all")
        check(page.run("document.querySelectorAll('.all tbody tr').length") == 27 and "r=all" in page.hash, "all rows are written")
        page.browser.back()
        time.sleep(0.2)
        check(page.run("document.querySelector('.list').checkVisibility()"), "back to the list")
        page.keys(Keys.ESCAPE, Keys.ESCAPE)
        first = page.text(".detail h2")
        page.keys("j")
        second, link = page.text(".detail h2"), page.run("location.href")
        check(first != second and "f=PL003-" in page.hash, "j goes on")
        page.keys("k")
        check(page.text(".detail h2") == first, "k goes back")
        page.click(".row", 2)
        third = page.text(".detail h2")
        page.click(".row", 3)
        page.browser.back()
        time.sleep(0.2)
        check(page.text(".detail h2") == third, "the back button")
        page.keys("?")
        check("next and previous" in page.text("dialog"), "help")
        page.picture(pictures / "help.png")
        page.keys(Keys.ESCAPE)
        page.quiet()
        page.browser.get("about:blank")
        page.browser.get(link)
        check(page.text(".detail h2") == second, "a copied link shows the same")
        page.browser.get("about:blank")
        page.browser.get(path.as_uri() + "#f=PL999-none&q=%22%3Cscript%3E&s=bogus&v=bogus&c=77")
        check("No finding of this report" in page.text(".detail"), "a link from elsewhere")
        page.quiet()


def fits_a_phone(program, folder, pictures):
    with Page(PHONE, dark=True) as page:
        page.open(folder / "ttm-kvm.html")
        check(not page.run("document.querySelector('.detail').checkVisibility()"), "the list alone")
        page.picture(pictures / "phone-list.png")
        page.click(".row")
        check(page.run("document.querySelector('.detail').checkVisibility()"), "the finding alone")
        page.picture(pictures / "phone-finding.png")
        page.quiet()
        page.click(".back")
        check(page.run("document.querySelector('.list').checkVisibility()"), "back to the list")
        page.quiet()


def needs_no_script(program, folder, pictures):
    with Page(scripts=False) as page:
        page.open(folder / "ttm-kvm.html")
        time.sleep(0.3)
        page.picture(pictures / "no-script.png")
        source = (folder / "many.html").read_text()
        check(source.count("<details class=\"finding\" open>") == 200, "200 findings in plain HTML")
        seen = page.command("Accessibility.getFullAXTree", {})
        words = " ".join(str(node.get("name", {}).get("value", "")) for node in seen["nodes"])
        check("KVM was refused tail pages" in words and "could not decide" in words, "words without scripts")
        check("Search findings" not in words, "scripts are off")


def prints(program, folder, pictures):
    with Page() as page:
        page.open(folder / "ttm-kvm.html")
        data = page.command("Page.printToPDF", {"printBackground": True})["data"]
        target = pictures / "print.pdf"
        target.write_bytes(base64.b64decode(data))
        page.quiet()
    try:
        words = subprocess.run(["pdftotext", "-layout", target, "-"], capture_output=True, check=True).stdout.decode()
    except FileNotFoundError:
        return print("  pdftotext is not installed: the printed words are not read")
    with Page() as page:
        page.open(folder / "many.html")
        data = page.command("Page.printToPDF", {})["data"]
        target = pictures / "print-many.pdf"
        target.write_bytes(base64.b64decode(data))
        ids = page.run("pageledger.capture.id.slice()")
    many_words = subprocess.run(["pdftotext", "-layout", target, "-"], capture_output=True, check=True).stdout.decode()
    missing = [name for name in ids if name not in many_words]
    check(len(ids) == 300 and not missing, f"{len(missing)} ids are not printed, such as {missing[:1]}")
    for part in ("PL010-8fcc651c4886dc7c", "0x1401", "PL012", "The events that prove it"):
        check(part in words, f"not printed: {part}")


def hostile(program, folder, pictures):
    """Names that try to become markup stay names."""
    head = "# tracer: nop\n#\n#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n".encode()
    rest = "mapcount=0 mapping=0000000000000000 mt=0"
    rows = b""
    tasks = [b"</script>", b"<img src=x>", b"\"'><b>&amp;", "\u202egnp.\u2066".encode(), b"a\x00b\xff\xfe", b"<!--", b"x" * 1_000_000, "\u2028".encode()]
    for number, task in enumerate(tasks):
        for at, words in enumerate((f"page_ref_set: pfn={0x9000 + number:#x} flags=none count=1 {rest} val=1",
                                    f"mm_page_alloc: page=00000000deadbeef pfn={0x9000 + number:#x} order=0 migratetype=0 gfp_flags=GFP_KERNEL",
                                    f"page_ref_mod: pfn={0x9000 + number:#x} flags=none count=-1 {rest} val=-2",
                                    f"page_ref_mod: pfn={0x9000 + number:#x} flags=none count=1 {rest} val=2",
                                    f"page_ref_mod_and_test: pfn={0x9000 + number:#x} flags=none count=0 {rest} val=-1 ret=1",
                                    f"mm_page_free: page=00000000deadbeef pfn={0x9000 + number:#x} order=0")):
            rows += task + f"-{700 + number}      [000] .....   10.{number:03}{at:03}: {words}\n".encode()
    capture = folder / "</script><b>'.txt".replace("/", "_")
    capture.write_bytes(head + rows)
    path = report(program, [capture], folder / "hostile.html")
    with Page() as page:
        page.open(path)
        check(page.run("document.querySelectorAll('img, main b:not(td b):not(.lead b)').length") == 0, "markup from a name")
        check(int(page.text(".tally").split()[0]) >= 5, "findings of hostile tasks")
        for _ in range(8):
            page.keys("j")
        page.picture(pictures / "hostile.png")
        words = page.text("body")
        check("\u202e" not in words and "\u2028" not in words, "a control is shown as itself")
        page.quiet()
    check(path.stat().st_size < 1_000_000, "a long name fills the page")


def accessible(program, folder, pictures):
    """The checks of axe-core where it is installed, else those that matter most."""
    try:
        import axe_playwright_python
        script = next(pathlib.Path(axe_playwright_python.__file__).parent.glob("**/axe*.js")).read_text()
    except (ImportError, StopIteration):
        script = None
    for dark in (False, True):
        with Page(dark=dark) as page:
            for view in ("findings", "coverage", "losses", "events", "about", "page&p=0x1401", "findings&q=nothing", "findings&r=all"):
                page.open(folder / ("many.html" if "&r" in view else "ttm-kvm.html"), f"#v={view}")
                names = page.run("[...document.querySelectorAll('button,input,select,a[href],[tabindex=\"0\"]')]"
                                 ".filter(e => !(e.getAttribute('aria-label') || e.textContent.trim())).length")
                check(names == 0, f"{names} controls have no name")
                if script is None:
                    continue
                page.browser.set_script_timeout(300)
                page.browser.execute_script(script)
                found = page.browser.execute_async_script(
                    "const done = arguments[0]; axe.run().then(r => done(r.violations"
                    ".filter(v => ['serious', 'critical'].includes(v.impact))"
                    ".map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + n.failureSummary).join(' | '))))")
                check(not found, f"axe, {'dark' if dark else 'light'}, {view}: {found}")
    if script is None:
        print("  axe-core is not installed (axe-playwright-python): names only")


def stays_quick(program, folder, pictures, count):
    """Very many findings, by default a hundred thousand."""
    path = many(program, folder, count)
    with Page() as page:
        page.open(path)
        figures = {"size": path.stat().st_size}
        figures["paint"] = page.painted()
        figures["ready"] = page.run("performance.getEntriesByType('navigation')[0].domInteractive")
        check(page.text(".tally") == f"{count:,} findings", page.text(".tally"))
        time.sleep(0.5)
        queries = ["task", "aaaab", "rule:PL003 pfn:0x20000", "event:page_ref", "severity:critical verdict:proven task:b"]
        timings = [page.run("(pageledger.go({q: arguments[0]}), pageledger.timing)", query) for query in queries * 3]
        figures["filter"] = sorted(row["filter"] + row["sort"] for row in timings)[len(timings) // 2]
        figures["filter-worst"] = max(row["filter"] + row["sort"] for row in timings)
        page.run("pageledger.go({q: ''})")
        orders = ["time", "pages", "seen", "pfn", "rule"]
        sorts = [page.run("(pageledger.go({s: arguments[0]}), pageledger.timing.sort)", order) for order in orders * 3]
        figures["sort"] = sorted(sorts)[len(sorts) // 2]
        figures["sort-worst"] = max(sorts)
        page.run("gc()")
        figures["heap"] = page.run("performance.memory.usedJSHeapSize")
        page.run("pageledger.list.element.scrollTop = 1e9")
        time.sleep(0.3)
        check(page.run("document.querySelectorAll('.row').length") < 100, "rows that nobody sees exist")
        check(page.run("document.querySelector('.row:last-child').getAttribute('aria-posinset')") == str(count), "the end of the list")
        page.picture(pictures / "many.png")
        page.quiet()
    print("  " + json.dumps({key: round(value) for key, value in figures.items()}))
    # Shared machines run slow at times: what fails here is four times over the aim.
    for key, limit in LIMITS.items():
        check(figures[key] < limit * 4, f"{key}: {figures[key]} of {limit}")


TESTS = (shows_the_finding, tells_pages_apart, searches, knows_pages, compares, keeps_to_the_policy, fits_a_phone, needs_no_script, prints,
         hostile, accessible, opens_in_perfetto, *index_tests.TESTS, stays_quick, index_tests.index_stays_quick)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--findings", type=int, default=100_000, help="findings of the largest page")
    parser.add_argument("--pictures", type=pathlib.Path, help="folder in which pictures are left")
    parser.add_argument("tests", nargs="*", help="names of tests; all without")
    options = parser.parse_intermixed_args()
    failures = 0
    with tempfile.TemporaryDirectory(prefix="pageledger-page-") as scratch:
        folder = pathlib.Path(scratch)
        pictures = options.pictures or folder
        pictures.mkdir(parents=True, exist_ok=True)
        program = str(options.program.resolve())
        report(program, [ROOT / "fixtures/captures/ttm-kvm.dat"], folder / "ttm-kvm.html")
        many(program, folder, 300)
        for test in TESTS:
            if options.tests and test.__name__ not in options.tests:
                continue
            try:
                if test in index_tests.TESTS:
                    test(sys.modules[__name__], program, folder, pictures)
                elif test is index_tests.index_stays_quick:
                    # Each of its captures is analyzed, which takes a debug build some milliseconds.
                    count = options.findings if options.findings >= 50_000 else min(options.findings, 2000)
                    test(sys.modules[__name__], program, folder, pictures, count)
                elif test is stays_quick:
                    test(program, folder, pictures, options.findings)
                else:
                    test(program, folder, pictures)
                print(f"page: {test.__name__} holds", flush=True)
            except Exception as error:  # every test is to be heard
                failures += 1
                print(f"page: {test.__name__} FAILED: {str(error).splitlines()[0]}", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
