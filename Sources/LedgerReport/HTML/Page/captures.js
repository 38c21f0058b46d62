// The table of captures of a batch: only the rows in view exist, so that a hundred thousand scroll like ten.

const LINE = 34;
const CAPTURE_KEYS = ["status", "kernel", "job", "host", "date", "findings", "finding", "severity", "path", "error"];
const CAPTURE_ORDERS = { path: "path", status: "status", findings: "findings", severity: "severity", kernel: "kernel", job: "job", host: "host", date: "date" };
const COLUMNS = [["Capture", "path"], ["Status", "status"], ["Findings", "findings"], ["Worst", "severity"], ["Kernel", "kernel"], ["Job", "job"], ["Host", "host"]];
// Those that need a look come first.
const STATUS_ORDER = [5, 3, 4, 2, 0, 1];

class CaptureTable {
  constructor(capture, app) {
    this.capture = capture;
    this.table = capture.batch.table;
    this.app = app;
    this.rows = new Uint32Array(0);
    this.nodes = new Map();
    this.columns = COLUMNS.filter(([, key]) => !["job", "host"].includes(key) || this.table[key].some((place) => this.table.strings[place] !== ""));
    let wait = 0;
    this.box = make("input", { type: "search", autocomplete: "off", spellcheck: "false", "aria-label": "Search captures",
      placeholder: "Search: status:crash job:boot kernel:6.12 path",
      oninput: () => { cancelAnimationFrame(wait); wait = requestAnimationFrame(() => app.go({ q: this.box.value }, true)); } });
    this.order = make("select", { "aria-label": "Sort captures by", onchange: () => app.go({ s: this.order.value }) },
      Object.entries(CAPTURE_ORDERS).map(([value, name]) => make("option", { value }, name)));
    this.tally = make("span", { class: "tally", role: "status" });
    this.problem = make("p", { class: "problem", role: "alert", hidden: true });
    this.body = make("div", { class: "grid-body", role: "presentation" });
    this.head = make("div", { class: "grid-row grid-head", role: "row", "aria-rowindex": 1 }, this.columns.map(([name, key]) =>
      make("span", { role: "columnheader", class: "cell cell-" + key },
        key === "path" && this.table.folder !== "" ? [name, make("span", { class: "faint" }, ` below ${this.table.folder}`)] : name)));
    this.scroll = make("div", { class: "grid-scroll", tabindex: "0", role: "rowgroup", "aria-label": "Captures", onscroll: () => this.draw() }, this.body);
    this.grid = make("div", { class: "grid", role: "table", "aria-label": "Captures" }, make("div", { role: "rowgroup" }, this.head), this.scroll);
    this.empty = make("p", { class: "empty", hidden: true }, "No capture fits the search.");
    this.element = make("div", {}, make("div", { class: "tools" }, make("div", { class: "search" }, this.box, make("kbd", { "aria-hidden": "true" }, "/")),
      make("label", {}, "by", this.order), this.tally, this.problem), this.grid, this.empty);
  }

  show(query, order) {
    const begin = performance.now();
    const { rows, problem } = this.filter(query);
    const middle = performance.now();
    this.rows = this.sort(rows, CAPTURE_ORDERS[order] ? order : "path");
    this.timing = { filter: middle - begin, sort: performance.now() - middle };
    if (this.box.value !== query) this.box.value = query;
    this.order.value = CAPTURE_ORDERS[order] ? order : "path";
    this.problem.textContent = problem;
    this.problem.hidden = problem === "";
    this.tally.textContent = rows.length === this.table.count ? counted(rows.length, "capture")
      : `${grouped(rows.length)} of ${grouped(this.table.count)}`;
    this.grid.setAttribute("aria-rowcount", rows.length + 1);
    this.grid.hidden = rows.length === 0;
    this.empty.hidden = rows.length > 0;
    this.height = Math.min(TALLEST, rows.length * LINE);
    this.body.style.height = this.height + "px";
    this.body.replaceChildren();
    this.nodes = new Map();
    this.scroll.scrollTop = 0;
    this.draw();
  }

  // Of a list that is taller than browsers allow, the scroll position is scaled.
  draw() {
    const whole = this.rows.length * LINE, room = this.scroll.clientHeight || 600;
    const top = whole <= TALLEST ? this.scroll.scrollTop : this.scroll.scrollTop / Math.max(1, this.height - room) * (whole - room);
    const shift = this.scroll.scrollTop - top;
    const first = Math.max(0, Math.floor(top / LINE) - 6), end = Math.min(this.rows.length, Math.ceil((top + room) / LINE) + 6);
    const kept = this.nodes;
    this.nodes = new Map();
    for (let place = first; place < end; place++) {
      const node = kept.get(place) || this.row(place);
      kept.delete(place);
      node.style.top = place * LINE + shift + "px";
      if (node.parentNode === null) this.body.append(node);
      this.nodes.set(place, node);
    }
    for (const node of kept.values()) node.remove();
  }

  // j and k scroll; true when a key is one of the table's.
  key(name) {
    const distance = { j: LINE, k: -LINE, n: 0, N: 0, "[": 0, "]": 0 }[name];
    if (distance === undefined) return false;
    this.scroll.scrollTop += distance;
    return true;
  }

  row(place) {
    const row = this.rows[place];
    return make("div", { class: "grid-row", role: "row", "aria-rowindex": place + 2 },
      this.columns.map(([, key]) => make("span", { role: "cell", class: "cell cell-" + key }, this.cell(row, key))));
  }

  cell(row, key) {
    const { strings, path, status, severity, findings, error } = this.table;
    const name = STATUSES[status[row]];
    switch (key) {
      case "path": return make("span", { class: "mono", title: path[row] }, path[row].slice(this.table.folder.length));
      case "status": return [make("span", { class: "status state-" + name }, name),
        strings[error[row]] !== "" && make("span", { class: "why", title: strings[error[row]] }, " ", strings[error[row]])];
      case "findings": return findings[row] === 0 ? "" : make("a", { href: this.link(row), onclick: (event) => this.follow(event, row) }, grouped(findings[row]));
      case "severity": return severity[row] === 0 ? "" : badge(SEVERITIES[severity[row] - 1]);
      default: return make("span", { title: strings[this.table[key][row]] }, strings[this.table[key][row]]);
    }
  }

  target(row) { return { v: "findings", q: `capture:"${this.table.path[row].replaceAll("\"", "")}"`, s: "weight", f: "" }; }

  link(row) { return this.app.address(this.target(row)); }

  follow(event, row) {
    event.preventDefault();
    this.app.go(this.target(row));
  }

  // Rows that a query leaves.
  filter(query) {
    const tests = [];
    let problem = "";
    for (const term of readQuery(query, CAPTURE_KEYS)) {
      const test = this.compile(term);
      if (term.unknown) problem = problem || `No key is called \u201c${term.unknown}\u201d, so it is searched as words. Keys: ${CAPTURE_KEYS.join(", ")}.`;
      if (typeof test === "string") problem = problem || test;
      else tests.push(test);
    }
    const rows = new Uint32Array(this.table.count);
    let used = 0;
    next: for (let row = 0; row < this.table.count; row++) {
      for (const test of tests) if (!test(row)) continue next;
      rows[used++] = row;
    }
    return { rows: rows.subarray(0, used), problem };
  }

  compile({ key, value }) {
    const table = this.table;
    const words = (column) => {
      const known = Uint8Array.from(this.capture.lower, (text) => text.includes(value) ? 1 : 0);
      return (row) => known[column[row]] === 1;
    };
    switch (key) {
      case "kernel": case "job": case "host": case "date": case "error": return words(table[key]);
      case "path": { const paths = lowerPaths(table); return (row) => paths[row].includes(value); }
      case "status": {
        const wanted = STATUSES.findIndex((name) => name.startsWith(value));
        return wanted < 0 ? `no status is called ${value}: ${STATUSES.join(", ")}` : (row) => table.status[row] === wanted;
      }
      case "severity": {
        const floor = SEVERITIES.findIndex((name) => name.startsWith(value.replace(/\+$/, "")));
        if (floor < 0) return `no severity is called ${value}: ${SEVERITIES.join(", ")}`;
        return value.endsWith("+") ? (row) => table.severity[row] > floor : (row) => table.severity[row] === floor + 1;
      }
      case "findings": {
        const bound = readBound(value);
        return bound ? (row) => bound(table.findings[row]) : "findings: wants a number such as 0 or >3";
      }
      case "finding": {
        const known = new Uint8Array(table.count);
        this.capture.id.forEach((id, row) => {
          if (id.toLowerCase().includes(value)) for (const place of capturesOf(this.capture.batch, row)) known[place] = 1;
        });
        return (row) => known[row] === 1;
      }
      default: {
        const paths = lowerPaths(table);
        const known = Uint8Array.from(this.capture.lower, (text) => text.includes(value) ? 1 : 0);
        return (row) => paths[row].includes(value) || ["kernel", "job", "host", "error"].some((column) => known[table[column][row]] === 1);
      }
    }
  }

  sort(rows, order) {
    if (order === "path") return rows;
    const key = this.keys(order);
    return rows.slice().sort((a, b) => key[a] - key[b] || a - b);
  }

  keys(order) {
    const table = this.table;
    table.keys = table.keys || {};
    if (table.keys[order]) return table.keys[order];
    const column = table[order];
    if (order === "date") return table.keys[order] = dateRanks(table);
    if (order === "status") return table.keys[order] = Float64Array.from(column, (value) => STATUS_ORDER[value]);
    if (order === "findings" || order === "severity") return table.keys[order] = Float64Array.from(column, (value) => -value);
    const names = [...new Set(column)].sort((a, b) => table.strings[a] < table.strings[b] ? -1 : 1);
    const ranks = new Map(names.map((place, rank) => [place, table.strings[place] === "" ? Infinity : rank]));
    return table.keys[order] = Float64Array.from(column, (place) => Math.min(Number.MAX_VALUE, ranks.get(place)));
  }
}
