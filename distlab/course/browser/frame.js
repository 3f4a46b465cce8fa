// Names the card around it, so that a screen reader says in which tool a button is, and lets links
// to other notebooks of this folder open in JupyterLab, without loading the page anew.
function follow(event, context) {
  const link = event.target.closest("a[data-notebook]");
  if (!link || !context) return; // else the browser follows it
  const folder = context.path.slice(0, context.path.lastIndexOf("/") + 1);
  link.dataset.commandlinkerCommand = "docmanager:open";
  link.dataset.commandlinkerArgs = JSON.stringify({ path: folder + link.dataset.notebook });
}

function render({ model, el }) {
  el.classList.add("dl-look");
  const name = () => {
    const card = el.closest(".dl-card");
    if (!card) return requestAnimationFrame(name); // not yet in its place
    card.setAttribute("role", "group");
    card.setAttribute("aria-label", model.get("label"));
    card.addEventListener("click", (event) => follow(event, model.widget_manager?.context));
  };
  name();
}
export default { render };
