// The page as a whole: what it shows follows from the address behind `#`, so that a copied link shows the same.

const data = JSON.parse(document.getElementById("pageledger-data").textContent);
const HELP = [
  ["/", "search"], ["j, k", "next and previous finding"], ["Enter", "read the finding"],
  ["n, N", "next and previous hit of the search, around the end"], ["[ ]", "previous and next event"],
  ["g p", "go to a page: its number, address or guest frame"], ["Esc", "back to the list, or empty the search"],
  ["c", "copy a link to what is shown"], ["t", "dark or light"], ["?", "this help"],
];
const EXAMPLES = [
  ["rule:PL010", "of a rule"], ["pfn:0x1400-0x17ff", "covering a page, or one of a range"], ["task:qemu", "a part of the task\u2019s name"],
  ["severity:medium+", "medium or more; also sev:high"], ["verdict:proven", "how sure it is"], ["standing:new", "compared with an earlier run"],
  ["first:>1.5s", "time as shown, in s, ms, us or ns; >+3s counts from the start; also last:"],
  ["cpu:3 pages:>10 seen:>=2", "numbers"], ["event:page_ref", "an event of the evidence"], ["\"two words\"", "anywhere; all terms must hold"],
];
const PLAIN = { c: 0, v: "findings", f: "", q: "", s: "weight", t: "", p: "", r: "" };
const VIEWS = ["findings", "captures", "compare", "coverage", "losses", "legal", "events", "about", "page"];

const app = {
  state: { ...PLAIN },
  manual: new Map(data.manual.map((rule) => [rule.id, rule])),
  captures: new Map(),
  current: -1,

  get capture() {
    const number = this.state.c;
    if (!this.captures.has(number)) this.captures.set(number, openCapture(data.captures[number], number));
    return this.captures.get(number);
  },

  // Address.

  read() {
    const state = { ...PLAIN };
    const words = location.hash.slice(1);
    const anchor = /^c(\d+)-([a-z]+)$/.exec(words);
    if (anchor) { state.c = Number(anchor[1]); state.v = anchor[2]; }
    else for (const [key, value] of new URLSearchParams(words)) if (key in state) state[key] = value;
    state.c = Math.min(Math.max(0, Number(state.c) || 0), data.captures.length - 1);
    const isBatch = Boolean(data.captures[state.c].batch);
    if (!VIEWS.includes(state.v) || (state.v === "captures" && !isBatch) || (state.v === "page" && isBatch) || (state.v === "compare" && !data.captures[state.c].standings)) state.v = "findings";
    if (state.v === "captures" ? !CAPTURE_ORDERS[state.s] : !(isBatch ? SPREAD_ORDERS : ORDERS)[state.s]) state.s = "weight";
    return state;
  },

  address(change) {
    const state = { ...this.state, ...change };
    const words = new URLSearchParams();
    for (const key of Object.keys(PLAIN)) if (String(state[key]) !== String(PLAIN[key])) words.set(key, state[key]);
    return "#" + words.toString();
  },

  go(change, replace) {
    const address = this.address(change);
    if (address === (location.hash || "#")) return this.show();
    // Where the address is locked (a sandboxed viewer), the state still holds.
    try {
      history[replace ? "replaceState" : "pushState"](null, "", address);
    } catch { /* the state below is what counts */ }
    this.next = { ...this.state, ...change };
    this.show();
  },

  show() {
    const next = this.next || this.read();
    this.next = null;
    const old = this.shown || {};
    this.state = next;
    document.documentElement.dataset.theme = next.t;
    if (next.t === "") delete document.documentElement.dataset.theme;
    if (old.c !== next.c || old.v !== next.v) this.showView();
    if (next.v === "findings" && this.capture.total > 0) {
      if (old.c !== next.c || old.q !== next.q || old.s !== next.s || old.v !== next.v) this.filter();
      this.showFinding(old.c !== next.c || old.f !== next.f);
      if (old.c !== next.c || old.q !== next.q || old.s !== next.s || old.r !== next.r) this.showAll();
    }
    if (next.v === "captures" && (old.v !== next.v || old.q !== next.q || old.s !== next.s)) this.captureTable.show(next.q, next.s);
    if (next.v === "page" && (old.v !== "page" || old.p !== next.p || old.c !== next.c)) this.showPage();
    document.documentElement.classList.toggle("open", next.f !== "" && next.v === "findings");
    this.shown = next;
  },

  showView() {
    for (const section of document.querySelectorAll(".capture")) {
      section.hidden = Number(section.dataset.capture) !== this.state.c;
      for (const panel of section.querySelectorAll(".panel")) panel.hidden = panel.dataset.view !== this.state.v;
      for (const tab of section.querySelectorAll(".tabs a")) {
        if (tab.dataset.view === this.state.v) tab.setAttribute("aria-current", "page");
        else tab.removeAttribute("aria-current");
        tab.href = this.address({ v: tab.dataset.view, c: section.dataset.capture, f: "", q: "", s: "weight", p: "", r: "" });
      }
    }
    const panel = document.getElementById(`c${this.state.c}-findings`);
    if (this.capture.total > 0) panel.prepend(this.tools, this.split, this.all);
    else { this.tools.remove(); this.split.remove(); this.all.remove(); panel.querySelector(".plain").style.display = "block"; }
    if (this.picker) this.picker.value = String(this.state.c);
  },

  // Findings.

  filter() {
    const begin = performance.now();
    const { rows, problem } = filterRows(this.capture, this.state.q);
    const middle = performance.now();
    this.list.show(this.capture, sortRows(this.capture, rows, this.state.s), this.state.s === "weight");
    const end = performance.now();
    this.timing = { filter: middle - begin, sort: end - middle };
    if (this.box.value !== this.state.q) this.box.value = this.state.q;
    this.order.value = this.state.s;
    this.problem.textContent = problem;
    this.problem.hidden = problem === "";
    this.renderAll.textContent = `Render all (${counted(rows.length, "row")})`;
    this.renderAll.hidden = rows.length < 20;
    this.words = wordsOf(this.state.q);
  },

  // An id may occur more than once: `ID~2` is the second of its name.
  place(name) {
    const [id, number] = name.split("~");
    let place = -1;
    for (let left = Math.max(1, Number(number) || 1); left > 0; left--) {
      const next = this.capture.id.indexOf(id, place + 1);
      if (next < 0) break;
      place = next;
    }
    return place;
  },

  nameOf(row) {
    const id = this.capture.id[row];
    let number = 1;
    for (let at = this.capture.id.indexOf(id); at >= 0 && at < row; at = this.capture.id.indexOf(id, at + 1)) number++;
    return number > 1 ? `${id}~${number}` : id;
  },

  linkTo(row) { return this.address({ v: "findings", f: this.nameOf(row), r: "", p: "" }); },

  showFinding(changed) {
    const wanted = this.state.f !== "" ? this.place(this.state.f) : -1;
    const isLost = this.state.f !== "" && wanted < 0;
    const row = wanted >= 0 ? wanted : this.list.rows.length ? this.list.rows[0] : -1;
    if (changed || row !== this.current) {
      this.current = row;
      this.view = row >= 0 ? detailView(this.capture, row, this) : null;
      this.detail.replaceChildren(isLost ? make("p", { class: "banner" }, `No finding of this report is called ${this.state.f}.`) : "",
        this.view ? this.view.element : "");
      this.detail.scrollTop = 0;
    }
    this.list.mark(row);
    this.count();
    this.markFound();
  },

  // `12/340 of 1,000`: which hit of the search is shown.
  count() {
    const { rows } = this.list, all = this.capture.count;
    const place = rows.length > 0 ? rows.indexOf(this.current) + 1 : 0;
    this.tally.textContent = rows.length === all ? counted(all, "finding")
      : rows.length === 0 ? `0 of ${grouped(all)}` : `${grouped(place)}/${grouped(rows.length)} of ${grouped(all)}`;
  },

  markFound() { markWords(this.words || [], [this.list.inner, this.detail]); },

  // Instead of the list, every row that the search leaves, for printing and for the browser's own search.
  showAll() {
    const isAll = this.state.r === "all";
    this.split.hidden = isAll;
    this.renderAll.hidden = isAll || this.list.rows.length < 20;
    document.documentElement.classList.toggle("whole", isAll);
    this.all.hidden = !isAll;
    this.all.replaceChildren();
    if (!isAll) return;
    const say = make("span", { class: "hint", role: "status" }, "Writing rows\u2026");
    this.all.append(make("p", { class: "tools" },
      make("button", { class: "button", type: "button", onclick: () => this.go({ r: "" }) }, "Back to the list"),
      make("button", { class: "button", type: "button", onclick: () => print() }, "Print"), say),
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "All findings" },
      allRows(this.capture, this.list.rows, this, () => { say.textContent = counted(this.list.rows.length, "row"); })));
  },

  // A page.

  showPage() {
    const panel = this.pages[this.state.c];
    panel.box.value = this.state.p;
    this.pageView = pageView(this.capture, this.state.p, this);
    panel.result.replaceChildren(this.pageView.element);
  },

  goToPage() {
    this.go({ v: "page" });
    const { box } = this.pages[this.state.c];
    box.focus();
    box.select();
  },

  buildPage(section) {
    const box = make("input", { type: "text", class: "page-box", autocomplete: "off", spellcheck: "false",
      "aria-label": "Page frame, address or guest frame", placeholder: "0x1401, 5121, phys:0x1401000, gfn:0x1001" });
    const submit = (event) => { event.preventDefault(); this.go({ v: "page", p: box.value.trim() }); };
    const result = make("div", { class: "page-result" });
    section.append(make("section", { class: "panel", "data-view": "page", id: `c${section.dataset.capture}-page`, hidden: true },
      make("form", { class: "tools page-form", role: "search", onsubmit: submit }, make("label", {}, "Page", box),
        make("button", { class: "button", type: "submit" }, "Show"), make("span", { class: "hint" }, "a page frame, a physical address, or a guest\u2019s frame")),
      result));
    const tab = make("a", { "data-view": "page", href: "#" }, "Page");
    section.querySelector(".tabs").append(tab);
    return { box, result };
  },

  choose(row, isStep) {
    if (row < 0) return;
    this.go({ f: this.nameOf(row), v: "findings", r: "" }, !isStep);
    if (matchMedia("(max-width: 900px)").matches) scrollTo(0, 0);
  },

  back() { this.go({ f: "" }); this.list.element.focus(); },

  step(distance) { this.choose(this.list.step(distance), false); },

  turn(distance) { this.choose(this.list.turn(distance), false); },

  event(distance) {
    const view = this.state.v === "page" ? this.pageView : this.view;
    if (!view || view.events === 0) return;
    view.select(Math.min(view.events - 1, Math.max(0, view.chosen + distance)));
  },

  // Tools.

  build() {
    this.list = new FindingList((row, isStep) => this.choose(row, isStep));
    this.list.drawn = () => { if (this.words && this.words.length > 0) this.markFound(); };
    this.all = make("div", { class: "all", hidden: true });
    if (this.capture.batch) this.buildBatch();
    else this.pages = [...document.querySelectorAll(".capture")].map((section) => this.buildPage(section));
    this.detail = make("div", { class: "detail", tabindex: "0", role: "region", "aria-label": "The chosen finding" });
    this.split = make("div", { class: "split" }, this.list.element, this.detail);
    let wait = 0;
    this.box = make("input", {
      type: "search", id: "search", autocomplete: "off", spellcheck: "false", "aria-label": "Search findings",
      placeholder: this.capture.batch ? "Search: rule:PL010 job:boot kernel:6.12 severity:high" : "Search: rule:PL010 pfn:0x1401 task:qemu severity:high",
      oninput: () => { cancelAnimationFrame(wait); wait = requestAnimationFrame(() => this.go({ q: this.box.value, f: "" }, true)); },
    });
    this.order = make("select", { "aria-label": "Sort by", onchange: () => this.go({ s: this.order.value }) },
      Object.entries(ordersOf(this.capture)).map(([value, name]) => make("option", { value }, name)));
    this.tally = make("span", { class: "tally", role: "status" });
    this.renderAll = make("button", { class: "button render-all", type: "button",
      title: "Write out every row, to print or to search with the browser", onclick: () => this.go({ r: "all", f: "" }) }, "Render all");
    this.problem = make("p", { class: "problem", role: "alert", hidden: true });
    this.tools = make("div", { class: "tools" }, make("div", { class: "search" }, this.box, make("kbd", { "aria-hidden": "true" }, "/")),
      make("label", {}, "by", this.order), this.tally, this.renderAll, this.problem);
    this.bar();
  },

  buildBatch() {
    this.captureTable = new CaptureTable(this.capture, this);
    document.getElementById("c0-captures").append(this.captureTable.element);
  },

  bar() {
    const bar = document.getElementById("bar-tools");
    bar.append(make("button", { class: "button", type: "button", id: "theme", onclick: () => this.theme() }, "Dark / light"),
      make("button", { class: "button keys", type: "button", id: "help", onclick: () => this.help() }, "Keys"));
    if (data.captures.length < 2) return;
    this.picker = make("select", { "aria-label": "Capture", onchange: () => this.go({ c: Number(this.picker.value), f: "", q: "", v: "findings" }) },
      data.captures.map((capture, number) => make("option", { value: number }, `${capture.verdict}: ${capture.path}`)));
    document.getElementById("bar-capture").replaceChildren(this.picker);
  },

  theme() {
    const now = this.state.t || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    this.go({ t: now === "dark" ? "light" : "dark" }, true);
  },

  help() {
    const close = () => dialog.close();
    const dialog = make("dialog", { "aria-label": "Keys and search" }, make("h2", {}, "Keys"),
      make("dl", { class: "pairs" }, HELP.map(([keys, words]) => make("div", {}, make("dt", {}, make("kbd", {}, keys)), make("dd", {}, words)))),
      make("h2", { style: "margin-top:16px" }, "Search"),
      make("dl", { class: "pairs wide" }, (this.capture.batch ? [...BATCH_EXAMPLES, ...EXAMPLES] : EXAMPLES).map(([query, words]) => make("div", {}, make("dt", { class: "mono" }, query), make("dd", {}, words)))),
      make("p", { style: "margin-top:14px" }, make("button", { class: "button", type: "button", onclick: close }, "Close")));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  },

  async copyLink() {
    const address = location.href.split("#")[0] + (this.current >= 0 ? this.linkTo(this.current) : location.hash);
    let words = "Link copied";
    try {
      await navigator.clipboard.writeText(address);
    } catch {
      const field = make("textarea", { style: "position:fixed;top:0;opacity:0", "aria-hidden": "true" }, address);
      document.body.append(field);
      field.select();
      if (!document.execCommand("copy")) words = "The browser keeps the clipboard closed; the address bar has the link";
      field.remove();
    }
    if (this.current >= 0) this.go({ f: this.nameOf(this.current) }, true);
    const toast = make("div", { class: "toast", role: "status" }, words);
    document.body.append(toast);
    setTimeout(() => toast.remove(), 2200);
  },

  // Paper has no list to scroll: the findings that are not written out get a line each.
  print() {
    if (this.state.r === "all") return;
    const plain = document.querySelector(`#c${this.state.c}-findings .plain`);
    const first = plain.querySelectorAll(".finding").length, end = Math.min(this.capture.count, 5000);
    if (first >= end) return;
    const rows = [];
    for (let row = first; row < end; row++) {
      rows.push(make("tr", {}, make("td", {}, SEVERITIES[this.capture.severity[row]]),
        make("td", {}, titleText(this.capture, row)), make("td", { class: "mono" }, this.capture.id[row])));
    }
    const rest = this.capture.count - end;
    const table = make("div", {}, make("table", {}, make("tbody", {}, rows)),
      rest > 0 && make("p", {}, `${grouped(rest)} more are not printed; \u201cRender all\u201d on the screen writes them out.`));
    plain.append(table);
    addEventListener("afterprint", () => table.remove(), { once: true });
  },

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const isTyping = event.target.closest && event.target.closest("input, textarea, select");
    if (event.key === "Escape") return this.escape(isTyping);
    if (isTyping) {
      if (event.target === this.box && (event.key === "Enter" || event.key === "ArrowDown")) { event.preventDefault(); this.list.element.focus(); this.step(0); }
      return;
    }
    if (this.state.v === "captures" && this.captureTable.key(event.key)) return event.preventDefault();
    const isList = event.target === this.list.element;
    const isBehindG = performance.now() - this.pressedG < 1500;
    this.pressedG = event.key === "g" ? performance.now() : -1e9;
    if (isBehindG && event.key === "p" && !this.capture.batch) { event.preventDefault(); return this.goToPage(); }
    const keys = {
      "/": () => this.focusSearch(this.box.value), "?": () => this.help(), t: () => this.theme(), c: () => this.copyLink(),
      j: () => this.step(1), k: () => this.step(-1), n: () => this.turn(1), N: () => this.turn(-1),
      "[": () => this.event(-1), "]": () => this.event(1),
      ArrowDown: isList && (() => this.step(1)), ArrowUp: isList && (() => this.step(-1)),
      PageDown: isList && (() => this.step(8)), PageUp: isList && (() => this.step(-8)),
      Home: isList && (() => this.step(-Infinity)), End: isList && (() => this.step(Infinity)),
      Enter: (isList || event.target === document.body) && (() => this.open()),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  },

  open() {
    if (this.current < 0) return;
    this.choose(this.current, true);
    document.getElementById("detail-title").focus();
  },

  escape(isTyping) {
    if (isTyping) {
      if (document.activeElement.type === "search" && this.state.q !== "") this.go({ q: "", f: "" }, true);
      document.activeElement.blur();
    } else if (this.state.r !== "") this.go({ r: "" });
    else if (this.state.v === "captures" && this.state.q !== "") this.go({ q: "" }, true);
    else if (this.state.v !== "findings") this.go({ v: "findings", q: "", s: "weight" });
    else if (this.state.f !== "") this.back();
    else if (this.state.q !== "") this.go({ q: "" }, true);
  },

  focusSearch(words) {
    if (this.state.v === "captures") { this.captureTable.box.focus(); return this.captureTable.box.select(); }
    if (this.state.r !== "") this.go({ r: "" });
    if (this.state.v !== "findings") this.go({ v: "findings" });
    this.box.focus();
    this.box.value = words;
    this.box.select();
  },
};

if (data.captures.length > 0) {
  document.documentElement.classList.add("js");
  app.build();
  app.show();
  document.addEventListener("keydown", (event) => app.key(event));
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".tabs a, .compare a");
    if (!link) return;
    event.preventDefault();
    const { view, standing, query } = link.dataset;
    app.go({ v: view || "findings", f: "", q: standing ? `standing:${standing}` : query || "", s: "weight", r: "", p: "" });
  });
  addEventListener("popstate", () => app.show());
  addEventListener("hashchange", () => app.show());
  addEventListener("beforeprint", () => app.print());
  addEventListener("resize", () => {
    app.list.draw();
    if (app.captureTable) app.captureTable.draw();
  });
  document.getElementById("pageledger-data").remove();
  window.pageledger = app;
}
