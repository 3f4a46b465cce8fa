// The picture, and what lies over it: the cursor, the end of a fault, the read-out of a drag.

const picture = {
  resized() {
    const width = Math.floor(this.main.clientWidth);
    if (width === 0 || Math.abs(width - (this.width ?? 0)) < 8) return;
    this.width = width;
    this.look();
  },

  // Put a new drawing in the place of the old one. The element of a fault that has the focus stays
  // and keeps it; when there is no such fault any more, the focus goes to the last one.
  draw({ svg, layout, story, picture: number }) {
    Object.assign(this, { picture: number, layout, story, drawn: null });
    const drawn = parsed(svg);
    const old = this.drawing.firstChild;
    const held = this.drawing.querySelector("[data-fault]:focus");
    const fresh = held && drawn.querySelector(`[data-fault="${held.dataset.fault}"]`);
    if (!fresh) {
      this.drawing.replaceChildren(drawn);
      if (held) ([...drawn.querySelectorAll("[data-fault]")].at(-1) ?? this.added).focus();
      return;
    }
    for (const { name, value } of drawn.attributes) old.setAttribute(name, value);
    for (const { name, value } of fresh.attributes) held.setAttribute(name, value);
    held.replaceChildren(...fresh.childNodes);
    const children = [...drawn.childNodes];
    const place = children.indexOf(fresh);
    [...old.childNodes].filter((child) => child !== held).forEach((child) => child.remove());
    held.before(...children.slice(0, place));
    held.after(...children.slice(place + 1));
  },

  x(ms) {
    const { left, right, from_ms, to_ms } = this.layout;
    return left + ((ms - from_ms) * (right - left)) / (to_ms - from_ms);
  },

  // The place under the pointer, in the picture's own pixels.
  pointAt({ clientX, clientY }) {
    const box = this.drawing.firstChild.getBoundingClientRect();
    const scale = this.layout.width / box.width;
    return { x: (clientX - box.left) * scale, y: (clientY - box.top) * scale };
  },

  // The instant under the pointer, rounded to a power of ten that is less than a pixel or two.
  msAt(event) {
    const { left, right, from_ms, to_ms } = this.layout;
    const pixel = (to_ms - from_ms) / (right - left);
    const step = pixel < 0.2 ? 0.1 : 10 ** Math.max(0, Math.floor(Math.log10(pixel)));
    const ms = from_ms + (this.pointAt(event).x - left) * pixel;
    return clamp(Math.round(ms / step) * step, 0, this.state.horizon);
  },

  // Everything that lies over the picture, in its place.
  place() {
    if (!this.layout) return;
    const { layout } = this;
    this.stage.style.minWidth = `${layout.width}px`;
    this.invitation.style.left = this.caption.style.marginLeft = `${layout.left}px`;
    this.gutter.style.width = `${layout.left - 8}px`;
    this.scrub.style.width = `${layout.right - layout.left + 16}px`;
    this.scrub.min = layout.from_ms;
    this.scrub.max = layout.to_ms;
    this.showInstant();
    this.placeFaults();
  },

  placeFaults() {
    const { layout, state, drag } = this;
    const within = (ms) => clamp(this.x(ms), layout.left, layout.right);
    for (const group of this.drawing.querySelectorAll("[data-fault]")) {
      const moved = drag?.kind === "fault" && drag.index === Number(group.dataset.fault);
      const by = moved ? this.x(drag.ms) - this.x(state.faults[drag.index].at) : 0;
      group.style.transform = by ? `translateX(${by}px)` : "";
    }
    this.placeEnd(within);
    this.readout.hidden = !drag || drag.kind === "cursor";
    if (!this.readout.hidden) {
      this.readout.textContent = drag.kind === "end"
        ? `for ${plain(drag.ms - state.faults[drag.index].at)} ms` : `${plain(drag.ms)} ms`;
      this.readout.style.transform = `translateX(${within(drag.ms)}px) translateX(-50%)`;
    }
  },

  // How long the selected fault lasts, above the first life line, with its end to drag.
  placeEnd(within) {
    const { layout, state: { faults, selected }, drag } = this;
    const { lasts, at, for: duration } = faults[selected] ?? {};
    const from = drag?.kind === "fault" ? drag.ms : at;
    const end = drag?.kind === "end" ? drag.ms : duration === null ? layout.to_ms : from + duration;
    this.end.hidden = this.extent.hidden = !lasts || end < layout.from_ms || from > layout.to_ms;
    if (this.end.hidden) return;
    const [x1, x2] = [within(from), within(end)];
    this.end.dataset.end = selected;
    this.end.style.transform = `translate(${x2}px, ${layout.top - 4}px)`;
    this.extent.style.cssText = `left: ${x1}px; width: ${x2 - x1}px; top: ${layout.top - 4}px`;
  },
};
