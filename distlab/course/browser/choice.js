// A question: its options or a field for a number, and below an option what is said of it.
const TYPES = { single: "radio", multiple: "checkbox", number: "text" };

function render({ model, el }) {
  const type = TYPES[model.get("kind")];
  const group = `dl-${Math.random()}`;
  const input = `<input type="${type}" name="${group}" autocomplete="off">`;
  const option = (text) => type === "text" ? `${text} ${input}` : `${input}<span>${text}</span>`;
  const rows = model.get("options").map((text) => `<div class="dl-option"><label>${option(text)}</label>
    <div class="dl-said" role="status"></div></div>`);
  el.innerHTML = `<fieldset><legend>${model.get("legend")}</legend>${rows.join("")}</fieldset>`;
  const inputs = [...el.querySelectorAll("input")];

  const show = () => el.querySelectorAll(".dl-option").forEach((row, at) => {
    const [tone, words] = model.get("said")[at + 1] ?? ["", ""];
    const place = row.querySelector(".dl-said");
    if (tone) row.dataset.tone = tone;
    else delete row.dataset.tone;
    if (place.innerHTML !== words) place.innerHTML = words;
    if (type !== "text") inputs[at].checked = model.get("chosen").includes(at + 1);
    else if (inputs[at].value !== model.get("typed")) inputs[at].value = model.get("typed");
  });
  el.addEventListener("input", () => {
    if (type === "text") model.set("typed", inputs[0].value);
    else model.set("chosen", inputs.flatMap((each, at) => (each.checked ? [at + 1] : [])));
    model.save_changes();
  });
  el.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab takes arrows
  for (const trait of ["chosen", "typed", "said"]) model.on(`change:${trait}`, show);
  show();
}
export default { render };
