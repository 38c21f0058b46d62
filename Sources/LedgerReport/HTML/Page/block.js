// The picture of a block: its head and tails side by side, who is linked to whom, and what befell each page.

// What a rule says of the pages of its findings, in a word or two.
const FATES = {
  PL001: "referenced alone", PL002: "taken from zero", PL003: "below zero", PL004: "freed while referenced",
  PL005: "freed twice", PL006: "dropped while mapped", PL007: "freed, still mapped", PL008: "freed, still in a guest",
  PL009: "stale in a guest", PL010: "refused", PL011: "referenced by KVM", PL012: "mapped outside the notifier",
  PL013: "taken by get_user_pages", PL014: "pinned for long", PL015: "mapped normally", PL016: "huge, not special",
  PL017: "mapped normally", PL018: "copied on write", PL019: "writable again", PL020: "moved while mapped",
  PL021: "never given back", PL022: "count mangled", PL023: "pins do not match", PL024: "put on a tail",
  PL025: "still mapped for a device", PL026: "orders disagree", PL028: "freed alone", PL029: "outlived its entry",
};
const KINDS = {
  plain: "plain, allocated without __GFP_COMP: only the head has a count, nothing links the tails to it",
  compound: "compound: every tail points to the head, whose count stands for all",
  split: "split: each page has a life and a count of its own",
  "order-0": "a single page", unknown: "allocated before the capture, or with flags that could not be read",
};

function blockPicture(item) {
  const block = item.detail.block;
  if (!block || block.order > 20) return null;
  const model = blockModel(item, block);
  const say = make("p", { class: "say", "aria-live": "polite" },
    `Choose a page to see what is known of it.`);
  const parts = [strip(model, say)];
  if (model.pages > 5) parts.push(grid(model, say));
  return make("section", {},
    make("h3", {}, block.order === 0 ? "The page" : `The block: order ${block.order}, ${counted(model.pages, "page")}`),
    make("figure", { class: "figure", style: `--hit:var(--${item.severity})` }, parts, legend(model)),
    say, make("p", { class: "caption" }, sentence(model)), make("h3", {}, "Who holds which page"), holdersTable(model));
}

function blockModel(item, block) {
  const base = BigInt("0x" + block.pfn);
  const pages = 2 ** block.order;
  const hit = new Uint8Array(pages);
  const place = (digits) => Number(BigInt("0x" + digits) - base);
  const ranges = item.detail.ranges;
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    const from = Math.max(0, place(ranges[i])), to = Math.min(pages - 1, place(ranges[i + 1]));
    for (let page = from; page <= to; page++) hit[page] = 1;
  }
  const named = new Map();
  for (const event of item.detail.events) {
    const match = /\bpfn=0x([0-9a-f]+)\b/.exec(event.words);
    if (!match) continue;
    const page = place(match[1]);
    if (!(page >= 0 && page < pages)) continue;
    const known = named.get(page) || [];
    known.push(event);
    named.set(page, known);
  }
  return {
    item, block, base, pages, hit, named, fate: FATES[item.rule] || "in this finding",
    shown: item.pfn === "" ? -1 : place(item.pfn),
    name: (page) => "0x" + (base + BigInt(page)).toString(16),
  };
}

// Head, the page of the evidence, its neighbours and the last tail, large enough to write in.
function strip(model, say) {
  const { pages, shown } = model;
  const chosen = new Set([0, 1, pages - 1]);
  if (shown > 0 && shown < pages) [shown, shown + 1].forEach((page) => chosen.add(page));
  for (let page = 2; chosen.size < Math.min(5, pages); page++) chosen.add(page);
  const order = [...chosen].filter((page) => page < pages).sort((a, b) => a - b);
  const width = 146, gap = 12;
  const total = order.length * (width + gap) + 40;
  const svg = draw("svg", { width: Math.max(total, 300), height: 146, role: "group",
    "aria-label": `Head and tails of the block, ${model.fate} where marked` });
  let x = 6;
  const places = new Map();
  order.forEach((page, index) => {
    if (index > 0 && order[index - 1] !== page - 1) {
      svg.append(draw("text", { x: x + 2, y: 74, class: "faint" }, "\u2026"));
      x += 20;
    }
    places.set(page, x + width / 2);
    svg.append(card(model, page, x, width, say));
    x += width + gap;
  });
  links(model, order, places, svg);
  svg.setAttribute("width", x + 6);
  return sized(svg);
}

function card(model, page, x, width, say) {
  const isHit = model.hit[page] === 1;
  const isHead = page === 0;
  const kind = isHit ? "frame-hit" : isHead ? "frame-head" : "frame";
  const words = known(model, page);
  const role = model.pages === 1 ? "page" : isHead ? "head" : `tail ${page}`;
  return draw("g", {
    class: "pick", tabindex: "0", role: "button", "aria-label": `${role} ${model.name(page)}: ${words.join(", ")}`,
    onclick: () => tell(model, page, say), onkeydown: (event) => pressed(event, () => tell(model, page, say)),
  },
  draw("rect", { x, y: 34, width, height: 98, rx: 6, class: kind }),
  isHit && hatching(x, 34, width, 12),
  draw("text", { x: x + 10, y: 66, class: "strong" }, role),
  draw("text", { x: x + 10, y: 83, class: "code faint" }, model.name(page)),
  words.slice(0, 2).map((word, row) =>
    draw("text", { x: x + 10, y: 103 + row * 17, class: row === 0 ? "" : "faint" }, short(word, 20))));
}

function short(words, room) {
  return words.length > room ? words.slice(0, room - 1) + "\u2026" : words;
}

// What the evidence and the kind of block say about a page, most telling first.
function known(model, page) {
  const words = [];
  if (model.hit[page]) words.push(model.fate);
  // The states of a finding's events are those of the page that it shows, whatever page an event names.
  const last = page === model.shown && eventsOf(model, page).filter((event) => event.after !== "").pop();
  const whole = last && /^order-/.test(last.after);
  const ended = eventsOf(model, page).filter((event) => event.lane === 0 && event.change > 0).pop();
  if (last && !whole) words.push(last.after);
  else if (ended && ended.change === 2) words.push("free");
  else if (model.block.kind === "plain") words.push(page === 0 ? "has the count" : "count 0, no link");
  else if (model.block.kind === "compound") words.push(page === 0 ? "counts for all" : "counted by head");
  else if (model.block.kind === "split") words.push("count of its own");
  else words.push("not in evidence");
  return words;
}

// Compound tails point to their head; tails of a plain block point nowhere, which is what the picture is about.
function links(model, order, places, svg) {
  if (model.pages === 1 || !["plain", "compound"].includes(model.block.kind)) return;
  const head = places.get(0);
  const tails = order.filter((page) => page > 0);
  const far = places.get(tails[tails.length - 1]);
  if (model.block.kind === "compound") {
    svg.append(draw("path", { class: "link", d: `M${far} 34 V18 H${head} V30` }),
      draw("path", { class: "link", d: `M${head - 4} 26 L${head} 33 L${head + 4} 26` }));
    tails.slice(0, -1).forEach((page) =>
      svg.append(draw("path", { class: "link", d: `M${places.get(page)} 34 V18` })));
    svg.append(draw("text", { x: head + 14, y: 13, class: "faint" }, "compound_head: all tails lead here"));
    return;
  }
  const middle = (head + places.get(tails[0])) / 2;
  svg.append(
    draw("path", { class: "link", "stroke-dasharray": "3 4", d: `M${far} 34 V20 H${middle + 9}` }),
    draw("path", { class: "link", d: `M${middle - 5} 14 l10 12 M${middle + 5} 14 l-10 12` }),
    draw("text", { x: middle + 16, y: 14, class: "faint" }, "no link from tails to the head"));
}

// Every page of the block as a cell; of very large blocks each cell stands for several.
function grid(model, say) {
  const step = Math.max(1, model.pages / 1024);
  const cells = model.pages / step;
  // A phone shows the same in narrower rows.
  const isNarrow = innerWidth < 700;
  const columns = cells >= 256 && !isNarrow ? 64 : cells >= 64 ? 32 : 16;
  const size = isNarrow ? 224 / columns : columns === 64 ? 11 : columns === 32 ? 18 : 30;
  const rows = Math.ceil(cells / columns);
  const left = 72;
  const svg = draw("svg", { width: left + columns * size + 4, height: rows * size + 8, role: "img",
    "aria-label": `All ${model.pages} pages of the block` });
  let other = "", hit = "", lines = "", mark = null;
  for (let cell = 0; cell < cells; cell++) {
    const x = left + cell % columns * size, y = 4 + Math.floor(cell / columns) * size;
    let isHit = false;
    for (let page = cell * step; page < (cell + 1) * step; page++) isHit = isHit || model.hit[page] === 1;
    // Pages that were spared are smaller, so that shape tells what colour tells.
    const inset = isHit ? 0 : size * .22, side = size - 1.6 - 2 * inset;
    const path = `M${x + inset} ${y + inset}h${side}v${side}h${-side}z`;
    if (isHit) {
      hit += path;
      if (size > 14) lines += `M${x} ${y + size - 1.6}l${size - 1.6} ${1.6 - size}`;
    } else other += path;
    if (model.shown >= cell * step && model.shown < (cell + 1) * step) mark = [x, y];
  }
  svg.append(draw("path", { class: "page-other", d: other }), draw("path", { class: "page-hit", d: hit }),
    draw("path", { class: "hatch", d: lines }));
  svg.append(draw("rect", { x: left - 1, y: 3, width: size + .4, height: size + .4, fill: "none", stroke: "var(--accent)", "stroke-width": 2.2 }));
  if (mark) svg.append(draw("circle", { cx: mark[0] + size / 2 - .8, cy: mark[1] + size / 2 - .8, r: Math.max(2.4, size / 5), fill: "var(--sheet)" }));
  for (let row = 0; row < rows; row += rows > 8 ? 4 : 1) {
    svg.append(draw("text", { x: left - 8, y: 4 + row * size + size * .78, class: "code faint", "text-anchor": "end" },
      model.name(row * columns * step).slice(-8)));
  }
  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    const scale = Number(svg.getAttribute("width")) / Math.max(1, box.width);
    const column = Math.floor(((event.clientX - box.left) * scale - left) / size);
    const row = Math.floor(((event.clientY - box.top) * scale - 4) / size);
    const page = (row * columns + column) * step;
    if (column >= 0 && column < columns && page >= 0 && page < model.pages) tell(model, page, say);
  });
  svg.classList.add("pick");
  return sized(svg);
}

function hatching(x, y, width, height) {
  let path = "";
  for (let at = 0; at < width - 8; at += 8) path += `M${x + at + 3} ${y + height}l6 ${-height}`;
  return [draw("path", { d: `M${x} ${y + height}v${6 - height}a6 6 0 0 1 6 -6h${width - 12}a6 6 0 0 1 6 6v${height - 6}z`, class: "page-hit" }),
    draw("path", { class: "hatch", d: path })];
}

function tell(model, page, say) {
  const role = model.pages === 1 ? "The page" : page === 0 ? "Head" : `Tail ${page}`;
  const events = model.named.get(page) || [];
  say.textContent = `${role} ${model.name(page)}: ${known(model, page).join("; ")}. `
    + (events.length ? `In the evidence: ${[...new Set(events.map((event) => event.event))].join(", ")}. `
      : "No event of the evidence names it. ");
  say.append(make("a", { href: app.address({ v: "page", p: model.name(page), f: "", q: "" }) }, "All of this page"));
}

function legend(model) {
  const swatch = (...shapes) => draw("svg", { width: 14, height: 14, "aria-hidden": "true" }, shapes);
  const count = model.hit.reduce((sum, value) => sum + value, 0);
  return make("div", { class: "legend" },
    count > 0 && make("span", {}, swatch(draw("rect", { width: 13, height: 13, class: "page-hit" }),
      draw("path", { class: "hatch", d: "M0 13L13 0" })), `${model.fate}: ${counted(count, "page")}`),
    model.pages > count && make("span", {}, swatch(draw("rect", { width: 13, height: 13, class: "page-other" })), "other pages"),
    model.pages > 1 && make("span", {}, swatch(draw("rect", { x: 1, y: 1, width: 11, height: 11, fill: "none", stroke: "var(--accent)", "stroke-width": 2 })), "head"),
    model.shown >= 0 && model.pages > 5 && make("span", {}, swatch(draw("rect", { width: 13, height: 13, class: "page-hit" }),
      draw("circle", { cx: 6.5, cy: 6.5, r: 3, fill: "var(--sheet)" })), "page of the evidence"));
}

function sentence(model) {
  const kind = KINDS[model.block.kind] || model.block.kind;
  return kind[0].toUpperCase() + kind.slice(1) + ".";
}

function pressed(event, action) {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  event.stopPropagation();
  action();
}
