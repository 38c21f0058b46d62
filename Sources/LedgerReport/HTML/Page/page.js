// What the report knows of one page, whichever finding tells it: its block, the findings that cover it, its life.

// The numbers that an entry may mean, the likeliest first: a page frame, a physical address, a guest's frame.
function readPlaces(capture, text) {
  const match = /^\s*(?:(pfn|phys|gfn|gpa)[:=\s]\s*)?(0x)?([0-9a-f]{1,16})\s*$/i.exec(text.replace(/,/g, ""));
  if (!match) return [];
  const kind = (match[1] || "").toLowerCase();
  const digits = match[3].toLowerCase();
  const isHex = Boolean(match[2]) || /[a-f]/.test(digits);
  const numbers = isHex ? [BigInt("0x" + digits)] : [BigInt(digits), BigInt("0x" + digits)];
  const places = [];
  const add = (frame, how) => {
    if (!places.some((place) => place.frame === frame)) places.push({ frame, how });
  };
  for (const number of numbers) {
    const name = "0x" + number.toString(16);
    if (kind === "" || kind === "pfn") add(number, `page frame ${name}`);
    if (kind === "phys" || (kind === "" && number >> 12n > 0n)) add(number >> 12n, `physical address ${name}`);
    if (kind === "" || kind === "gfn") guestFrames(capture, number).forEach((frame) => add(frame, `guest frame ${name}`));
    if (kind === "gpa" || (kind === "" && number >> 12n > 0n)) {
      guestFrames(capture, number >> 12n).forEach((frame) => add(frame, `guest address ${name}`));
    }
  }
  return places;
}

// The frames that a text names: the first, and the one behind the last.
function framesIn(words) {
  const match = /\bpfn=(?:0x)?([0-9a-f]+)\b/.exec(words);
  if (!match) return null;
  const order = /\border=(\d+)\b/.exec(words);
  const first = BigInt("0x" + match[1]);
  return { first, end: first + (1n << BigInt(Math.min(20, order ? Number(order[1]) : 0))) };
}

// Pages that the evidence shows behind a guest's frame.
function guestFrames(capture, guest) {
  if (!capture.guests) capture.guests = readGuests(capture);
  return capture.guests.get(guest) || [];
}

function readGuests(capture) {
  const guests = new Map();
  for (let row = 0; row < capture.details.length; row++) {
    for (const event of capture.details[row][2]) {
      const words = capture.strings[event[5]];
      const gfn = /\bgfn=(?:0x)?([0-9a-f]+)\b/.exec(words);
      const fault = gfn ? null : /^kvm_page_fault/.test(capture.strings[event[4]]) && /\baddress=(?:0x)?([0-9a-f]+)\b/.exec(words);
      if (!gfn && !fault) continue;
      const guest = gfn ? BigInt("0x" + gfn[1]) : BigInt("0x" + fault[1]) >> 12n;
      const named = framesIn(words);
      const frame = named ? named.first : capture.pfn[row] === "" ? null : BigInt("0x" + capture.pfn[row]);
      if (frame === null) continue;
      const known = guests.get(guest) || [];
      if (!known.includes(frame)) known.push(frame);
      guests.set(guest, known);
    }
  }
  return guests;
}

// Findings and events of one page.
function readPage(capture, frame) {
  const digits = frame.toString(16);
  const page = { frame, digits, findings: [], around: [], blocks: new Map(), events: [] };
  const seen = new Set();
  for (let row = 0; row < capture.count; row++) {
    const detail = capture.details[row];
    const isOwn = capture.pfn[row] === digits;
    const block = detail && detail[1];
    const first = block ? BigInt("0x" + block[0]) : 0n;
    const isInBlock = Boolean(block) && frame >= first && frame < first + (1n << BigInt(block[1]));
    if (isOwn || covers(capture, row, frame, frame)) page.findings.push(row);
    else if (isInBlock) page.around.push(row);
    if (isInBlock) page.blocks.set(`${block[0]}/${block[1]}/${block[2]}`, block);
    if (!detail) continue;
    for (const event of detail[2]) {
      const named = framesIn(capture.strings[event[5]]);
      if (named ? frame < named.first || frame >= named.end : !isOwn) continue;
      const key = [event[1], event[0], event[2], event[4], event[5], event[11]].join(" ");
      if (!seen.has(key)) { seen.add(key); page.events.push(openEvent(capture, event)); }
    }
  }
  const stamp = (event) => BigInt.asIntN(64, BigInt(event.time));
  page.events.sort((a, b) => a.clock - b.clock || (stamp(a) < stamp(b) ? -1 : stamp(a) > stamp(b) ? 1 : 0));
  return page;
}

function isKnown(page) {
  return page.findings.length > 0 || page.around.length > 0 || page.events.length > 0;
}

// Words as a shell takes them.
function quoted(words) {
  return /^[\w.\/+:@%=,-]+$/.test(words) ? words : "'" + words.replaceAll("'", "'\\''") + "'";
}

function commandFor(capture, frame) {
  return make("p", { class: "command" }, make("code", {}, `pageledger page 0x${frame.toString(16)} ${quoted(capture.path)}`));
}

// The panel behind the field: the page, or what to do when the report does not have it.
function pageView(capture, text, app) {
  const view = { events: 0, chosen: -1, select: () => {} };
  const places = readPlaces(capture, text);
  if (text.trim() === "") {
    view.element = make("p", { class: "none" }, "Enter a page to see its block, the findings that cover it, and its life.");
    return view;
  }
  if (places.length === 0) {
    view.element = make("p", { class: "problem", role: "alert" },
      `\u201c${text}\u201d is no page: enter a number such as 0x1401 or 5121, phys:0x1401000 or gfn:0x1001.`);
    return view;
  }
  const pages = places.map((place) => ({ ...readPage(capture, place.frame), how: place.how }));
  const known = pages.filter(isKnown);
  const page = known[0] || pages[0];
  const others = known.slice(1, 9);
  view.element = make("div", {}, make("h2", { id: "page-title", tabindex: "-1" }, `Page 0x${page.digits}`),
    make("p", { class: "about" }, `Read as ${page.how}.`, others.length > 0 && [" It may also be ", others.map((other, place) => [place > 0 && ", ",
      make("a", { href: app.address({ v: "page", p: `pfn:0x${other.digits}` }) }, `page 0x${other.digits}`), ` (${other.how})`]), "."]),
    isKnown(page) ? pageParts(capture, page, view, app) : [
      make("p", { class: "banner" }, `Page 0x${page.digits} is not in this report, which tells only of pages with findings. The capture may know it:`)],
    commandFor(capture, page.frame));
  return view;
}

function pageParts(capture, page, view, app) {
  const rows = [...page.findings, ...page.around];
  const severity = rows.length > 0 ? SEVERITIES[Math.max(...rows.slice(0, 1000).map((row) => capture.severity[row]))] : "low";
  const item = { place: -1, id: "", rule: "", severity, pfn: page.digits,
    detail: { events: page.events.slice(0, 200), ranges: [], block: null } };
  const parts = [make("dl", { class: "pairs" }, [...page.blocks.values()].slice(0, 8).map((block) => pair("Block", blockWords(page, block))),
    pair("Address", `0x${(page.frame << 12n).toString(16)}`))];
  parts.push(linksTo(capture, page.findings, "Findings that cover it", app), linksTo(capture, page.around, "Findings on other pages of its block", app));
  if (page.events.length === 0) {
    parts.push(make("p", { class: "caption" }, "No event of the evidence in this report names it. The whole ledger of the page:"));
    return parts;
  }
  const model = blockModel(item, { pfn: page.digits, order: 0, kind: "unknown" });
  const select = (place) => {
    view.chosen = place;
    if (life) life.mark(place);
    table.mark(place);
  };
  const isLog = item.detail.events.every((event) => event.lane === 5);
  const life = isLog ? null : lifePicture(capture, item, select);
  const table = chainTable(capture, item, select);
  view.events = item.detail.events.length;
  view.select = select;
  parts.push(make("h3", {}, "Its life, as far as findings tell"), life && life.element,
    make("h3", {}, "Who holds it"), holdersTable(model), make("h3", {}, "Events"), table.element,
    make("p", { class: "caption" }, page.events.length > 200 ? `The first 200 of ${grouped(page.events.length)} events. The whole ledger of the page:`
      : "Only events in the evidence of findings are here. The whole ledger of the page:"));
  return parts;
}

function blockWords(page, block) {
  const first = BigInt("0x" + block[0]);
  const role = block[1] === 0 ? "the page alone" : page.frame === first ? "head" : `tail ${grouped(page.frame - first)}`;
  return `${role} of 0x${block[0]}, order ${block[1]}, ${counted(2 ** block[1], "page")}, ${block[2]}`;
}

function linksTo(capture, rows, title, app) {
  if (rows.length === 0) return null;
  return [make("h3", {}, title, " ", make("span", { class: "count" }, grouped(rows.length))),
    make("ul", { class: "links" }, rows.slice(0, 20).map((row) => make("li", {}, badge(SEVERITIES[capture.severity[row]]), " ",
      make("span", { class: "rule" }, capture.strings[capture.rule[row]]), " ",
      make("a", { href: app.address({ v: "findings", f: app.nameOf(row), q: "", p: "" }) }, titleText(capture, row)))),
    rows.length > 20 && make("li", {}, make("a", { href: app.address({ v: "findings", q: `pfn:0x${capture.pfn[rows[0]]}`, f: "", p: "" }) },
      `and ${grouped(rows.length - 20)} more`)))];
}
