// The list of findings: only the rows in view exist, so that a hundred thousand scroll like ten.

const ROW = 96;
// Height of the line above a group.
const HEAD = 34;
// Browsers cut elements beyond some ten million pixels; a longer list is scaled.
const TALLEST = 8000000;

class FindingList {
  constructor(choose) {
    this.choose = choose;
    // Called when rows were drawn.
    this.drawn = () => {};
    this.heads = [];
    this.whole = 0;
    this.rows = new Uint32Array(0);
    this.current = -1;
    this.nodes = new Map();
    this.inner = make("div", { class: "rowlist" });
    this.element = make("div", {
      class: "list", role: "listbox", tabindex: "0", "aria-label": "Findings",
      onscroll: () => this.draw(), onclick: (event) => this.click(event),
    }, this.inner);
    this.empty = make("p", { class: "empty", hidden: true }, "No finding fits the search.");
    this.element.append(this.empty);
  }

  show(capture, rows, grouped) {
    this.capture = capture;
    this.rows = rows;
    this.grouped = grouped;
    this.heads = grouped && capture.standings ? this.groups() : [];
    this.whole = rows.length * ROW + this.heads.length * HEAD;
    this.height = Math.min(TALLEST, this.whole);
    this.inner.style.height = this.height + "px";
    this.empty.hidden = rows.length > 0;
    this.element.setAttribute("role", rows.length > 0 ? "listbox" : "region");
    this.inner.replaceChildren(...this.heads.map((head) => head.node));
    this.nodes = new Map();
    this.draw();
  }

  // Where new, known and suppressed findings begin, which the order of weight keeps apart.
  groups() {
    const heads = [];
    const { standing } = this.capture;
    for (let place = 0; place < this.rows.length; place++) {
      const value = standing[this.rows[place]];
      const last = heads[heads.length - 1];
      if (last && last.value === value) last.count++;
      else heads.push({ place, value, count: 1 });
    }
    for (const head of heads) {
      head.node = make("div", { class: "group-head", role: "presentation" }, standingMark(head.value), " ",
        make("span", { class: "count" }, grouped(head.count)));
    }
    return heads;
  }

  // Where a row begins in a list of full height.
  offset(place) {
    let offset = place * ROW;
    for (const head of this.heads) if (head.place <= place) offset += HEAD;
    return offset;
  }

  // Of a scaled list, the first row that the scroll position stands for.
  get top() {
    const room = this.element.clientHeight;
    if (this.whole <= TALLEST) return this.element.scrollTop;
    return this.element.scrollTop / Math.max(1, this.height - room) * (this.whole - room);
  }

  draw() {
    if (!this.capture) return;
    const room = this.element.clientHeight || 600;
    const top = this.top;
    const shift = this.element.scrollTop - top;
    const first = Math.max(0, Math.floor((top - HEAD * this.heads.length) / ROW) - 4);
    const end = Math.min(this.rows.length, Math.ceil((top + room) / ROW) + 4);
    // Rows that stay in view stay the same elements, so that a click that began on one ends on it.
    const kept = this.nodes;
    this.nodes = new Map();
    let previous = null;
    for (const head of this.heads) {
      head.node.hidden = head.place < first || head.place > end;
      head.node.style.top = this.offset(head.place) - HEAD + shift + "px";
    }
    for (let place = first; place < end; place++) {
      const node = kept.get(place) || this.row(place);
      kept.delete(place);
      node.style.top = this.offset(place) + shift + "px";
      node.setAttribute("aria-selected", this.rows[place] === this.current ? "true" : "false");
      if (node.parentNode === null) previous === null ? this.inner.prepend(node) : previous.after(node);
      previous = node;
      this.nodes.set(place, node);
    }
    for (const node of kept.values()) node.remove();
    const row = this.current >= 0 && document.getElementById("row-" + this.current);
    if (row) this.element.setAttribute("aria-activedescendant", row.id);
    else this.element.removeAttribute("aria-activedescendant");
    this.drawn();
  }

  row(place) {
    const capture = this.capture;
    const number = this.rows[place];
    const part = this.grouped && place > 0 && capture.story[number] > 0
      && capture.story[this.rows[place - 1]] === capture.story[number];
    const severity = SEVERITIES[capture.severity[number]];
    return make("div", {
      class: "row" + (part ? " part" : ""), role: "option", id: "row-" + number, "data-place": place,
      "aria-setsize": this.rows.length, "aria-posinset": place + 1,
    },
    make("span", { class: "row-top" }, badge(severity),
      capture.standings && this.heads.length === 0 && standingMark(capture.standing[number]),
      make("span", {}, VERDICTS[capture.verdict[number]]),
      make("span", { class: "rule" }, capture.strings[capture.rule[number]]),
      make("span", { class: "grow" }, capture.batch ? counted(capture.batch.captures[number], "capture")
        : capture.pages[number] > 1 ? counted(capture.pages[number], "page") : frameText(capture.pfn[number]))),
    make("span", { class: "row-title", title: titleText(capture, number) }, titleText(capture, number)),
    make("span", { class: "row-task" }, capture.batch ? spreadText(capture, number) : capture.strings[capture.task[number]]));
  }

  click(event) {
    const row = event.target.closest(".row");
    if (row) this.choose(this.rows[Number(row.dataset.place)], true);
  }

  // Marks a finding and brings it into view.
  mark(number) {
    this.current = number;
    const place = this.rows.indexOf(number);
    if (place >= 0) this.reveal(place);
    this.draw();
  }

  reveal(place) {
    const room = this.element.clientHeight;
    const top = this.top;
    const start = this.offset(place), isFirst = this.heads.some((head) => head.place === place);
    const wanted = start < top ? start - (isFirst ? HEAD : 0) : start + ROW > top + room ? start + ROW - room : -1;
    if (wanted < 0) return;
    this.element.scrollTop = this.whole <= TALLEST ? wanted
      : wanted / (this.whole - room) * (this.height - room);
  }

  // The next finding of the search, from the last one on to the first.
  turn(distance) {
    const count = this.rows.length;
    if (count === 0) return -1;
    const place = this.rows.indexOf(this.current);
    return this.rows[place < 0 ? 0 : (place + distance + count) % count];
  }

  // The finding some places further on, or at an end.
  step(distance) {
    if (this.rows.length === 0) return -1;
    const place = this.rows.indexOf(this.current);
    const next = place < 0 ? 0 : Math.min(this.rows.length - 1, Math.max(0, place + distance));
    return this.rows[next];
  }
}
