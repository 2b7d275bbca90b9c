// SPDX-License-Identifier: ISC
/** Tables that become cards on a narrow screen. The roles keep them tables for a screen reader
 *  there, where style.css takes the layout of a table away. */
import { element } from "./dom.js";

/**
 * COLUMNS: [{title, cell(record), sort}]; sort, if given: {state: "ascending", "descending" or
 * "none", change()}. CAPTION names the table for a screen reader. The first column names the row.
 */
export function table(caption, columns, records) {
	const head = element("tr", { role: "row" }, columns.map(headCell));
	const body = records.map((record) => element("tr", { role: "row" }, columns.map((column, i) =>
		element(i === 0 ? "th" : "td", {
			role: i === 0 ? "rowheader" : "cell", scope: i === 0 ? "row" : null,
			"data-label": column.title,
		}, column.cell(record)))));
	return element("table", { role: "table" },
		element("caption", { class: "unseen" }, caption),
		element("thead", { role: "rowgroup" }, head), element("tbody", { role: "rowgroup" }, body));
}

function headCell({ title, sort }) {
	if (!sort)
		return element("th", { role: "columnheader", scope: "col" }, title);
	return element("th", { role: "columnheader", scope: "col", "aria-sort": sort.state },
		element("button", { type: "button", class: "sort", onclick: sort.change }, title));
}
