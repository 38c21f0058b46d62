// What the browser's own search cannot do on a list of which only the rows in view exist: mark the words that were searched for,
// and write out all rows for those who want to print or to search them in another way.

const MARKS = 2000;

// The words of a query that can be seen in a text.
function wordsOf(query) {
  return readQuery(query).filter((term) => ["", "title", "task", "rule", "event"].includes(term.key)).map((term) => term.value);
}

// Marks words without touching the elements that hold them.
function markWords(words, roots) {
  if (!window.Highlight || !CSS.highlights) return;
  const marks = new Highlight();
  for (const root of words.length > 0 ? roots : []) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode() && marks.size < MARKS) {
      const text = walker.currentNode.data.toLowerCase();
      if (text.length !== walker.currentNode.data.length) continue;
      for (const word of words) {
        for (let at = text.indexOf(word); at >= 0 && marks.size < MARKS; at = text.indexOf(word, at + word.length)) {
          const range = new Range();
          range.setStart(walker.currentNode, at);
          range.setEnd(walker.currentNode, at + word.length);
          marks.add(range);
        }
      }
    }
  }
  CSS.highlights.set("found", marks);
}

// Rows of a table a frame, so that very many do not hold up the page.
const PART = 1000;

// All findings that a search leaves, as a plain table; `done` is told when the last row is in.
function allRows(capture, rows, app, done) {
  const body = make("tbody", {});
  const standing = capture.standings ? ["Standing"] : [];
  const table = make("table", {}, make("thead", {}, make("tr", {},
    ["Severity", ...standing, "Verdict", "Rule", "What happened", "Pages", "Seen", "First", "Task", "Id"]
      .map((name) => make("th", { scope: "col" }, name)))), body);
  let at = 0;
  const next = () => {
    if (at > 0 && !table.isConnected) return;
    const end = Math.min(rows.length, at + PART);
    for (; at < end; at++) body.append(tableRow(capture, rows[at], app));
    if (at < rows.length) requestAnimationFrame(next);
    else done();
  };
  next();
  return table;
}

function tableRow(capture, row, app) {
  return make("tr", {}, make("td", {}, badge(SEVERITIES[capture.severity[row]])),
    capture.standings && make("td", {}, STANDINGS[capture.standing[row]]), make("td", {}, VERDICTS[capture.verdict[row]]),
    make("td", { class: "mono" }, capture.strings[capture.rule[row]]),
    make("td", {}, make("a", { href: app.linkTo(row) }, titleText(capture, row))), make("td", {}, grouped(capture.pages[row])),
    make("td", {}, grouped(capture.seen[row])), make("td", { class: "mono" }, timeText(capture, capture.first[row], capture.clock[row])),
    make("td", {}, capture.strings[capture.task[row]]), make("td", { class: "mono" }, capture.id[row]));
}
