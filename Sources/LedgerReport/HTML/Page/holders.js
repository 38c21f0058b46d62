// Who holds which page: for each page that the evidence names, the last word of every lane.

function holdersTable(model) {
  const pages = [...new Set([0, ...model.named.keys(), ...(model.shown >= 0 && model.shown < model.pages ? [model.shown] : [])])]
    .sort((a, b) => a - b).slice(0, 12);
  const rows = pages.map((page) => {
    const events = eventsOf(model, page);
    return make("tr", {}, make("th", { scope: "row" }, model.pages === 1 ? model.name(page)
      : `${page === 0 ? "head" : "tail " + page} ${model.name(page)}`),
    [0, 1, 2, 3, 4].map((lane) => make("td", {}, held(model, page, events, lane))));
  });
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Who holds which page" },
    make("table", { class: "holders" }, make("thead", {}, make("tr", {},
      ["Page", "Allocated", "References", "Mapped", "In a guest", "Pinned"].map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, rows)));
}

// Events that name the page; those of the whole block; and for the page of the evidence those that name none.
function eventsOf(model, page) {
  return model.item.detail.events.filter((event) => {
    const match = /\bpfn=0x([0-9a-f]+)\b/.exec(event.words);
    if (!match) return page === model.shown;
    if (BigInt("0x" + match[1]) === model.base + BigInt(page)) return true;
    const order = /\border=(\d+)\b/.exec(event.words);
    const first = BigInt("0x" + match[1]);
    const last = first + (1n << BigInt(Math.min(20, order ? Number(order[1]) : 0)));
    return model.base + BigInt(page) >= first && model.base + BigInt(page) < last;
  });
}

function held(model, page, events, lane) {
  if (lane === 1) return references(model, page, events);
  const mine = events.filter((event) => event.lane === lane);
  if (mine.length === 0) return "\u2013";
  const last = mine.filter((event) => event.change === 1 || event.change === 2).pop();
  if (last) return `${last.change === 1 ? "" : lane === 0 ? "freed " : "ended "}by ${last.task}`;
  const refused = events.some((event) => event.change === 3);
  return `asked for by ${mine[mine.length - 1].task}${refused && lane === 3 ? ", refused" : ""}`;
}

function references(model, page, events) {
  const known = page === model.shown && events.filter((event) => event.lane === 1 && countIn(event.after) !== null).pop();
  const refused = events.filter((event) => event.change === 3).pop();
  const words = known ? String(countIn(known.after)) : model.block.kind === "plain" && page > 0 ? "0, never had one" : "\u2013";
  return refused ? `${words}; refused to ${refused.task}` : words;
}
