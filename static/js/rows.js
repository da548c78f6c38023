// Rows of inputs in the admin: one more at a press. Without this, spare rows are there.
for (const rows of document.querySelectorAll("[data-rows]")) {
  const count = rows.querySelector("input[type=hidden]");
  const body = rows.querySelector("tbody");
  const button = rows.querySelector("[data-add-row]");
  if (!button) continue;
  button.hidden = false;
  button.addEventListener("click", () => {
    const place = Number(count.value);
    const row = body.rows[body.rows.length - 1].cloneNode(true);
    for (const wrong of row.querySelectorAll(".wrong")) wrong.remove();
    for (const input of row.querySelectorAll("input, select, textarea")) {
      const column = input.name.slice(input.name.lastIndexOf("-") + 1);
      input.name = `${rows.dataset.rows}-${place}-${column}`;
      input.id = `id_${input.name}`;
      input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+$/, place + 1));
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
      if (input.tagName === "SELECT") input.selectedIndex = 0;
      else input.value = "";
    }
    body.append(row);
    count.value = place + 1;
    row.querySelector("input, select, textarea").focus();
  });
}
