// The instant that is looked at: what comes after it is faint, messages that are under way have a dot
// on their arrow, and each machine shows its state. All of it is read from the picture and from the
// list of changes that came with it, without asking the kernel.

const ARROWS = ".dl-message, .dl-quiet, .dl-lost, .dl-flying";

const scrubber = {
  scrubTo(ms) {
    const { from_ms, to_ms } = this.layout;
    this.state.cursor = clamp(Math.round(ms * 10) / 10, from_ms, to_ms);
    this.looking = true;
    this.place();
    this.ask("scrub", { ms: this.state.cursor }, "scrub");
  },

  get looking() {
    return this.root.classList.contains("lab-looking");
  },

  set looking(now) {
    this.root.classList.toggle("lab-looking", now);
  },

  // Where the arrows run. In an arrow's path, "M" and "L" begin and end its line.
  get ways() {
    this.drawn ??= [...this.drawing.querySelectorAll(ARROWS)].flatMap((path) =>
      [...(path.getAttribute("d") ?? "").matchAll(/M([-\d.]+) ([-\d.]+)L([-\d.]+) ([-\d.]+)/g)]
        .map(([, ...ends]) => ends.map(Number)));
    return this.drawn;
  },

  showInstant() {
    const { layout, state: { cursor } } = this;
    const x = clamp(this.x(cursor), layout.left, layout.right);
    this.instant.textContent = `${plain(cursor)} ms`;
    this.cursor.style.cssText =
      `transform: translateX(${x}px); top: ${layout.top}px; height: ${layout.bottom - layout.top}px`;
    this.veil.style.cssText =
      `left: ${x}px; top: ${layout.top}px; height: ${layout.bottom - layout.top}px`;
    if (document.activeElement !== this.scrub || this.idle) this.scrub.value = cursor;
    this.scrub.ariaValueText = `${plain(cursor)} ms`;
    const past = x + 0.06; // paths are written to a tenth of a pixel
    const dots = !this.looking ? [] : this.ways.filter(([x1, , x2]) => x1 <= past && past < x2);
    this.flights.innerHTML = dots.map(([x1, y1, x2, y2]) =>
      `<circle cx="${x}" cy="${y1 + ((x - x1) * (y2 - y1)) / (x2 - x1)}" r="4.5"/>`).join("");
    this.showStates();
  },

  showStates() {
    const { layout, state: { cursor } } = this;
    const now = {};
    for (const [ms, machine, power, text] of this.story) {
      if (ms > cursor) break;
      now[machine] = { power, text };
    }
    const states = Object.keys(layout.lanes).map((machine) =>
      ({ machine, power: "up", text: "", ...now[machine], y: layout.lanes[machine] }));
    this.fill(this.states, [states, layout.left], () => states.map(({ machine, power, text, y }) => node("li", {
      "data-power": power, title: [machine, power, text].join(" "),
      style: `top: ${y + 9}px; width: ${layout.left - 12}px`,
    }, node("span", {}, `${machine} ${power === "up" ? power : ""}`),
    [power === "up" ? "" : power, text].filter(Boolean).join(" · "))));
  },
};
