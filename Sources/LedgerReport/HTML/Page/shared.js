// What all parts share: making elements, words for numbers and times, the rows of a capture.

const SEVERITIES = ["info", "low", "medium", "high", "critical"];
const VERDICTS = ["proven", "likely", "suspect", "explained"];
// How a finding stands to an earlier run; 0 where nothing is said. They are read in the order of GROUPS.
const STANDINGS = ["open", "new", "known", "suppressed"];
const GROUPS = [1, 0, 2, 3];
const LANES = ["allocated", "referenced", "mapped", "in a guest", "pinned", "other"];
const SVG = "http://www.w3.org/2000/svg";

// Texts become text nodes: nothing from a capture is ever parsed as markup.
function make(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function draw(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

// A picture that shrinks where there is less room, such as on paper.
function sized(svg) {
  svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
  return svg;
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    // Not an attribute: a policy without 'unsafe-inline' forbids those.
    if (key === "style") element.style.cssText = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children.flat(2)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

function counted(number, noun) {
  return grouped(number) + " " + noun + (String(number) === "1" ? "" : "s");
}

// Nanoseconds as seconds with nine digits; printk's with six, in brackets, as dmesg has them.
function timeText(capture, offset, clock) {
  if (clock === 2) return "no time";
  const base = clock === 1 ? 0n : capture.start;
  const time = BigInt.asUintN(64, base + BigInt(offset));
  if (!capture.nanoseconds && clock === 0) return String(time);
  const seconds = time / 1000000000n;
  const rest = String(time % 1000000000n).padStart(9, "0");
  return clock === 1 ? `[${seconds}.${rest.slice(0, 6)}]` : `${seconds}.${rest}`;
}

// A distance of times in the unit that reads best.
function spanText(capture, from, to) {
  const span = Number(BigInt(to) - BigInt(from));
  if (!capture.nanoseconds) return `${grouped(span)} ticks`;
  const size = Math.abs(span);
  if (size < 1e3) return `${span} ns`;
  if (size < 1e6) return `${(span / 1e3).toFixed(1)} \u00b5s`;
  if (size < 1e9) return `${(span / 1e6).toFixed(1)} ms`;
  return `${(span / 1e9).toFixed(2)} s`;
}

function frameText(digits) {
  return digits === "" ? "no page" : "0x" + digits;
}

function standingMark(standing) {
  return make("span", { class: "standing standing-" + STANDINGS[standing] }, STANDINGS[standing]);
}

function badge(severity) {
  return make("span", { class: "badge sev-" + severity },
    make("span", { class: "shape", "aria-hidden": "true" }), severity);
}

// The columns of one capture's findings. Numbers go into typed arrays: a hundred thousand rows stay small.
function openCapture(source, number) {
  const rows = source.rows;
  const count = rows.length;
  const capture = {
    number, count, path: source.path, standings: source.standings || null, standing: new Uint8Array(count), total: source.total, strings: source.strings,
    start: BigInt(source.start), nanoseconds: source.nanoseconds === 1, details: source.details,
    id: new Array(count), pfn: new Array(count), rule: new Uint32Array(count),
    severity: new Uint8Array(count), verdict: new Uint8Array(count), title: new Uint32Array(count),
    pages: new Float64Array(count), seen: new Float64Array(count), first: new Array(count),
    last: new Array(count), clock: new Uint8Array(count), cpu: new Int32Array(count),
    task: new Uint32Array(count), story: new Uint32Array(count),
  };
  const columns = ["id", "rule", "", "title", "pfn", "pages", "seen", "first", "last", "cpu", "task", ""];
  let story = 0;
  for (let place = 0; place < count; place++) {
    const row = rows[place];
    for (let column = 0; column < columns.length; column++) {
      if (columns[column] !== "") capture[columns[column]][place] = row[column];
    }
    capture.standing[place] = row[2] >> 7;
    capture.severity[place] = row[2] >> 4 & 7;
    capture.verdict[place] = row[2] >> 2 & 3;
    capture.clock[place] = row[2] & 3;
    story += row[11];
    capture.story[place] = story;
    if (/^[0-9a-f]{16}$/.test(row[0])) capture.id[place] = `${source.strings[row[1]]}-${row[0]}`;
  }
  source.rows = null;
  capture.batch = source.batch ? openBatch(source.batch, source.strings) : null;
  if (capture.batch) capture.batch.spread.forEach((row, place) => { capture.pages[place] = Number(row[9]); });
  capture.lower = capture.strings.map((text) => text.toLowerCase());
  return capture;
}

// The mark in a title stands for the finding's own page.
function titleText(capture, place) {
  return capture.strings[capture.title[place]].replaceAll("\ue000", "0x" + capture.pfn[place]);
}

// A finding whole, as far as the page holds it.
function finding(capture, place) {
  const text = (number) => capture.strings[number];
  const result = {
    place, id: capture.id[place], rule: text(capture.rule[place]), title: titleText(capture, place),
    severity: SEVERITIES[capture.severity[place]], verdict: VERDICTS[capture.verdict[place]],
    pfn: capture.pfn[place], pages: capture.pages[place], seen: capture.seen[place],
    first: capture.first[place], last: BigInt.asUintN(64, BigInt(capture.first[place]) + BigInt(capture.last[place])), clock: capture.clock[place],
    standing: capture.standing[place], cpu: capture.cpu[place], task: text(capture.task[place]), story: capture.story[place],
    detail: null,
  };
  const detail = capture.details[place];
  if (!detail) return result;
  const [ranges, block, events, advice, doubt, ledger, related, rangeCount, eventCount, paths] = detail;
  result.detail = {
    ranges, rangeCount, eventCount, related, advice: text(advice), doubt: text(doubt),
    ledger: text(ledger), block: block && { pfn: block[0], order: block[1], kind: block[2] },
    paths: paths.map(([role, event, time, task, ...frames]) =>
      ({ role: text(role), event: text(event), time, task: text(task), frames: frames.map(text) })),
    events: events.map((event) => openEvent(capture, event)),
  };
  return result;
}

function openEvent(capture, [time, clock, cpu, task, event, words, before, after, lane, change, count, line]) {
  const text = (number) => capture.strings[number];
  return { time, clock, cpu, task: text(task), event: text(event), words: text(words), before: text(before),
    after: text(after), lane, change, count, line };
}

function changeText(event) {
  if (event.before === "" && event.after === "") return "";
  if (event.before === "") return "? \u2192 " + event.after;
  if (event.after === "") return event.before;
  return event.before === event.after ? "stays " + event.after : `${event.before} \u2192 ${event.after}`;
}
