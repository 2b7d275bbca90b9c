// SPDX-License-Identifier: ISC
/** What all views share: a heading, and a part that is loaded and may fail. */
import { element } from "./dom.js";
import { problemBox } from "./problem.js";
import { say } from "./text.js";

/** The heading of a view with what can be done behind it. It takes the focus of a new view. */
export function heading(title, ...actions) {
	return element("div", { class: "heading" }, element("h1", { tabindex: "-1" }, title),
		actions.length > 0 && actions.some(Boolean) ? element("div", { class: "actions" }, actions) : null);
}

/**
 * Fills NODE with what FILL, an async function, returns; meanwhile says that it loads, and shows a
 * Problem with a button to try again, both below ABOVE.
 */
export async function load(node, fill, above = null) {
	node.setAttribute("aria-busy", "true");
	if (!node.firstChild)
		node.append(above ?? "", element("p", { class: "loading" }, say("loading")));
	try {
		node.replaceChildren(...[await fill()].flat());
	} catch (problem) {
		if (problem.name !== "AbortError")
			node.replaceChildren(above ?? "", problemBox(problem, () => load(node, fill, above)));
	} finally {
		node.removeAttribute("aria-busy");
	}
}
