"use strict";

const compare = new Intl.Collator(undefined, { numeric: true }).compare;

/** Sorts by a column: first upwards, numbers first downwards, then the other way round. Rows without a value stay last. */
function sort(header) {
  const table = header.closest("table");
  const numeric = header.classList.contains("number");
  const current = header.getAttribute("aria-sort");
  const ascending = current ? current === "descending" : !numeric;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");

  const key = (row) => {
    const cell = row.cells[header.cellIndex];
    return cell.dataset.value ?? cell.textContent;
  };
  const rows = [...table.tBodies[0].rows].sort((first, second) => {
    const [one, other] = [key(first), key(second)];
    if (one === "" || other === "") return (one === "") - (other === "");
    const order = numeric ? one - other : compare(one, other);
    return ascending ? order : -order;
  });
  table.tBodies[0].append(...rows);
}

for (const header of document.querySelectorAll("thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...header.childNodes);
  button.addEventListener("click", () => sort(header));
  header.append(button);
}
