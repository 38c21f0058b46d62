// What only the index of a batch knows: in which captures, kernels and jobs a finding was seen.

const STATUSES = ["ok", "findings", "incomplete", "unreadable", "crash", "timeout"];
// Searches that only the index knows, for its help.
const BATCH_EXAMPLES = [
  ["captures:>10", "in more than ten captures"], ["job:boot kernel:6.12", "in a job, on a kernel; also host:, commit:"], ["capture:logs/a.dat", "in captures with such a path"],
  ["status:crash", "among captures: how the work on them ended"], ["finding:PL010", "among captures: those with such a finding"],
];

// The columns beside the findings, and the table of captures.
function openBatch(source, strings) {
  const rows = source.rows, count = rows.length;
  const table = {
    count, all: source.captures, strings, path: new Array(count), lower: null, status: new Uint8Array(count), severity: new Uint8Array(count),
    findings: new Uint32Array(count), kernel: new Uint32Array(count), job: new Uint32Array(count), host: new Uint32Array(count),
    date: new Uint32Array(count), error: new Uint32Array(count),
  };
  let last = "";
  for (let row = 0; row < count; row++) {
    const [shared, rest, status, severity, findings, kernel, job, host, date, error] = rows[row];
    last = table.path[row] = last.slice(0, shared) + rest;
    table.status[row] = status;
    table.severity[row] = severity;
    table.findings[row] = findings;
    table.kernel[row] = kernel;
    table.job[row] = job;
    table.host[row] = host;
    table.date[row] = date;
    table.error[row] = error;
  }
  source.rows = null;
  table.folder = commonFolder(table.path);
  return { table, spread: source.spread, abouts: source.abouts, places: source.places, captures: Float64Array.from(source.spread, (row) => row[0]) };
}

// What all paths begin with, up to a slash.
function commonFolder(paths) {
  if (paths.length < 2) return "";
  const first = paths[0], last = paths[paths.length - 1];
  let end = 0;
  while (end < first.length && first[end] === last[end]) end++;
  return first.slice(0, first.lastIndexOf("/", end - 1) + 1);
}

// Captures that have a finding, as rows of the table; those that the page names.
function capturesOf(batch, row) {
  let place = 0;
  return batch.places[row].map((step) => place += step);
}

function captureName(batch, place) {
  return typeof place === "number" ? batch.table.path[place] : place;
}

// `2026-01-31, logs/a.dat`.
function sightingText(batch, place) {
  if (typeof place !== "number") return place;
  const date = batch.table.strings[batch.table.date[place]];
  return (date === "" ? "" : date + ", ") + batch.table.path[place];
}

// `6.1.0 (12), 6.12.0 (3) and 2 more`.
function namesText(strings, pairs, limit) {
  const words = [];
  for (let at = 0; at + 1 < Math.min(pairs.length, limit * 2); at += 2) words.push(`${strings[pairs[at]]} (${grouped(pairs[at + 1])})`);
  const rest = pairs.length / 2 - words.length;
  return words.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

// The line under a title: jobs, or else kernels.
function spreadText(capture, row) {
  const [, , , , , kernels, jobs] = capture.batch.spread[row];
  const names = jobs.length > 0 ? jobs : kernels;
  return names.length > 0 ? namesText(capture.strings, names, 3) : captureName(capture.batch, capture.batch.spread[row][4]);
}

// What the batch says of a finding; its captures are a search in the table of captures.
function spreadOf(capture, item, app) {
  const batch = capture.batch;
  const [count, suppressed, first, last, example, kernels, jobs, hosts, commits] = batch.spread[item.place];
  const named = capturesOf(batch, item.place);
  const go = (event) => { event.preventDefault(); app.go({ v: "captures", q: "finding:" + item.id, s: "weight", f: "" }); };
  const link = named.length > 0 && make("a", { href: app.address({ v: "captures", q: "finding:" + item.id, s: "weight", f: "" }), onclick: go },
    named.length < count ? `show ${grouped(named.length)} of them` : "show them");
  return make("section", {}, make("h3", {}, "In the batch"), make("dl", { class: "pairs" },
    make("div", {}, make("dt", {}, "Captures"), make("dd", {}, `${grouped(count)} of ${grouped(batch.table.all)}`
      + (suppressed > 0 ? `, suppressed in ${grouped(suppressed)}` : "") + (link ? ": " : ""), link)),
    pair("Seen", counted(item.seen, "time") + " in all"), pair("First seen", sightingText(batch, first)), count > 1 ? pair("Last seen", sightingText(batch, last)) : null,
    pair("Kernels", namesText(capture.strings, kernels, 12)), pair("Jobs", namesText(capture.strings, jobs, 12)),
    pair("Hosts", namesText(capture.strings, hosts, 12)), pair("Commits", namesText(capture.strings, commits, 12)),
    make("div", {}, make("dt", {}, "Worst"), make("dd", { class: "mono" }, captureName(batch, example)))),
  make("h3", {}, "The worst example"));
}

// The worst example as a finding of its own capture.
function exampleOf(capture, item) {
  const about = capture.batch.abouts[item.place];
  if (!about) return [capture, item];
  const [nanoseconds, clock, first, last, cpu, task, seen] = about;
  const own = Object.create(capture, { nanoseconds: { value: nanoseconds === 1 } });
  const end = BigInt.asUintN(64, BigInt(first) + BigInt(last));
  return [own, { ...item, clock, first, last: end, cpu, task: capture.strings[task], seen }];
}

// Tests of findings that need the captures: `capture:`, `job:`, `kernel:`, `host:`, `captures:`.
function compileSpread(capture, key, value) {
  const batch = capture.batch;
  if (!batch) return `${key}: belongs to the index of a batch`;
  if (key === "captures") {
    const bound = readBound(value);
    return bound ? (row) => bound(batch.captures[row]) : "captures: wants a number such as 3 or >3";
  }
  const column = { kernel: 5, job: 6, host: 7, commit: 8 }[key];
  if (column) {
    const known = capture.lower.map((text) => text.includes(value));
    return (row) => batch.spread[row][column].some((name, place) => place % 2 === 0 && known[name]);
  }
  const paths = lowerPaths(batch.table);
  return (row) => capturesOf(batch, row).some((place) => paths[place].includes(value))
    || [2, 3, 4].some((at) => captureName(batch, batch.spread[row][at]).toLowerCase().includes(value));
}

function lowerPaths(table) {
  if (!table.lower) table.lower = table.path.map((path) => path.toLowerCase());
  return table.lower;
}

// Captures in the order of their dates, those without one by path behind each other.
function dateRanks(table) {
  if (table.ranks) return table.ranks;
  const order = Uint32Array.from(table.path.keys());
  const date = (row) => table.strings[table.date[row]];
  order.sort((a, b) => date(a) < date(b) ? -1 : date(a) > date(b) ? 1 : a - b);
  table.ranks = new Uint32Array(table.count);
  order.forEach((row, rank) => { table.ranks[row] = rank; });
  return table.ranks;
}

// Keys for orders that only a batch has; undefined for others.
function spreadKey(capture, order, row) {
  if (order === "captures") return -capture.batch.captures[row];
  const place = capture.batch.spread[row][order === "first" ? 2 : 3];
  return typeof place === "number" ? (order === "first" ? 1 : -1) * dateRanks(capture.batch.table)[place] : Infinity;
}
