// The button of a check. The text of its cell goes along, for the kernel knows only what ran.
// A front end that does not show its notebook to widgets sends null.
function textOfCell(model) {
  const shows = ({ outputs }) => Array.from({ length: outputs?.length ?? 0 }, (_, at) => outputs.get(at))
    .some(({ data }) => data?.["application/vnd.jupyter.widget-view+json"]?.model_id === model.get("panel"));
  const cells = model.widget_manager?.context?.model?.cells ?? [];
  return Array.from(cells).find(shows)?.sharedModel?.getSource() ?? null;
}

function render({ model, el }) {
  el.innerHTML = '<button type="button" class="jupyter-button dl-main"></button>';
  el.firstChild.textContent = model.get("description");
  el.firstChild.addEventListener("click", () => model.send({ text: textOfCell(model) }));
}
export default { render };
