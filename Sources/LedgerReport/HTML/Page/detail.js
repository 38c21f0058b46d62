// One finding whole: what happened, the pictures, the chain of events, what to do, and why it is wrong.

function detailView(capture, number, app) {
  const whole = finding(capture, number);
  const [own, item] = capture.batch ? exampleOf(capture, whole) : [capture, whole];
  const view = { events: item.detail ? item.detail.events.length : 0, chosen: -1, select: () => {} };
  view.element = make("div", {},
    make("div", { class: "detail-top" },
      make("button", { class: "button back", type: "button", onclick: () => app.back() }, "\u2190 All findings"),
      badge(item.severity), capture.standings && standingMark(item.standing), make("span", {}, item.verdict),
      make("span", { class: "rule" }, item.rule), make("span", { class: "rule" }, item.id), make("span", { class: "grow" }),
      make("button", { class: "button", type: "button", onclick: () => app.copyLink() }, "Copy link")),
    make("h2", { id: "detail-title", tabindex: "-1" }, item.title),
    capture.batch && spreadOf(capture, whole, app),
    item.detail && item.detail.advice && make("p", { class: "prose lead" }, make("b", {}, "What to do: "), asSentence(item.detail.advice)),
    factsOf(own, item), item.detail ? evidenceOf(own, item, view) : absent(capture),
    item.detail && pathsOf(item),
    item.detail && item.detail.doubt && [make("h3", {}, "What would make this wrong"),
      make("p", { class: "prose" }, asSentence(item.detail.doubt))],
    storyOf(capture, item, app), manualOf(item.rule, app));
  return view;
}

function asSentence(words) {
  return words[0].toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? "" : ".");
}

function pair(label, words) {
  return words === "" ? null : make("div", {}, make("dt", {}, label), make("dd", {}, words));
}

function factsOf(capture, item) {
  const detail = item.detail;
  const from = timeText(capture, item.first, item.clock), to = timeText(capture, item.last, item.clock);
  return make("dl", { class: "pairs", style: "margin-top:14px" },
    pair("Pages", pagesText(item)),
    detail && detail.block ? pair("Block", `${frameText(detail.block.pfn)}, order ${detail.block.order}, `
      + `${counted(2 ** detail.block.order, "page")}, ${detail.block.kind}`) : null,
    pair("Task", item.task + (item.cpu >= 0 ? ` on CPU ${item.cpu}` : "")),
    pair("Seen", counted(item.seen, "time") + (item.clock === 2 ? "" : from === to ? `, at ${from}` : `, ${from} to ${to}`)),
    detail && detail.ledger !== "" ? pair("Ledger", detail.ledger) : null);
}

function pagesText(item) {
  if (!item.detail || item.detail.ranges.length === 0) return item.pfn === "" ? "" : frameText(item.pfn);
  const ranges = item.detail.ranges, words = [];
  for (let i = 0; i + 1 < Math.min(ranges.length, 16); i += 2) {
    words.push(ranges[i] === ranges[i + 1] ? frameText(ranges[i]) : `${frameText(ranges[i])}\u2013${frameText(ranges[i + 1])}`);
  }
  const rest = item.detail.rangeCount - words.length;
  if (item.pages === 1) return words[0];
  return `${grouped(item.pages)}: ${words.join(", ")}${rest > 0 ? ` and ${counted(rest, "more range")}` : ""}`;
}

function evidenceOf(capture, item, view) {
  const parts = [blockPicture(item)];
  if (item.detail.events.length === 0) return parts;
  const select = (place) => {
    view.chosen = place;
    if (life) life.mark(place);
    table.mark(place);
    const event = item.detail.events[place];
    say.textContent = `${place + 1}. ${event.event} by ${event.task}`
      + (event.cpu >= 0 ? ` on CPU ${event.cpu}` : "") + `: ${changeText(event) || event.words}`;
  };
  // The kernel's log says what a page was, not what was done to it.
  const isLog = item.detail.events.every((event) => event.lane === 5);
  const life = isLog ? null : lifePicture(capture, item, select);
  const table = chainTable(capture, item, select);
  const say = make("p", { class: "say", "aria-live": "polite" }, life && "Choose an event to see what it did; [ and ] go through them.");
  view.select = select;
  const hidden = item.detail.eventCount - item.detail.events.length;
  parts.push(make("section", {},
    life && make("h3", {}, `The life of page ${frameText(item.pfn)}`), life && life.element, life && say,
    make("h3", {}, isLog ? "What the kernel said" : "The events that prove it"), table.element,
    hidden > 0 && make("p", { class: "caption" }, `${counted(hidden, "more event")} are not in this page.`)));
  return parts;
}

const ROLES = { allocator: "Allocated", holder: "Held", freer: "Freed" };

// The ways through the kernel that allocated, held and freed the page.
function pathsOf(item) {
  const paths = item.detail.paths.filter((path) => path.frames.length > 0);
  if (paths.length === 0) return null;
  return make("section", {}, make("h3", {}, "The code behind it"), make("div", { class: "paths" }, paths.map((path) =>
    make("div", { class: "path" }, make("h4", {}, ROLES[path.role] || path.role), make("p", { class: "caption" }, `${path.event} by ${path.task}`),
      make("ol", { class: "frames" }, path.frames.slice(0, 12).map((frame) => make("li", {}, frame)),
        path.frames.length > 12 && make("li", { class: "faint" }, `${counted(path.frames.length - 12, "more frame")}`))))));
}

function absent(capture) {
  return make("p", { class: "banner" }, `This page holds the evidence of the first ${grouped(capture.details.length)} `
    + `findings by weight. ${capture.batch ? "The others are in summary.json and in the captures themselves" : "--format ndjson has that of all"}.`);
}

// The other findings of the same cause, and those of the other witness.
function storyOf(capture, item, app) {
  const links = [];
  for (let row = Math.max(0, item.place - 50); row < Math.min(capture.count, item.place + 50); row++) {
    if (row !== item.place && item.story > 0 && capture.story[row] === item.story) links.push(row);
  }
  for (const id of item.detail ? item.detail.related : []) {
    const row = capture.id.indexOf(id);
    if (row >= 0 && row !== item.place && !links.includes(row)) links.push(row);
  }
  if (links.length === 0) return null;
  return [make("h3", {}, "Of the same cause"), make("ul", { class: "links" }, links.map((row) => make("li", {},
    badge(SEVERITIES[capture.severity[row]]), " ", make("span", { class: "rule" }, capture.strings[capture.rule[row]]), " ",
    make("a", { href: app.linkTo(row), onclick: (event) => { event.preventDefault(); app.choose(row, true); } },
      titleText(capture, row)))))];
}

function manualOf(rule, app) {
  const text = app.manual.get(rule);
  if (!text) return null;
  const pairs = [];
  for (let i = 0; i + 1 < text.sections.length; i += 2) {
    pairs.push(make("dt", {}, text.sections[i]), make("dd", {}, text.sections[i + 1]));
  }
  return make("details", { class: "manual", open: true },
    make("summary", {}, `Why it is wrong: ${rule}, ${text.name}`),
    make("p", { style: "margin-top:8px" }, text.summary), make("dl", {}, pairs),
    text.example !== "" && make("pre", { tabindex: "0" }, text.example));
}
