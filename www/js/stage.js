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

/** Which load of a node is the newest. */
const newest = new WeakMap();

/** Puts CONTENT into NODE; a focus that was within goes to its heading, or to the node. */
function fill(node, content) {
	const held = node.contains(document.activeElement);
	node.replaceChildren(...content);
	if (held) {
		const place = node.querySelector("h1") ?? node;
		place.setAttribute("tabindex", "-1");
		place.focus({ preventScroll: true });
	}
}

/**
 * Fills NODE with what READ, an async function, returns; meanwhile says that it loads, and shows a
 * Problem with a button to try again, both below ABOVE. Of several loads of a node only the newest
 * is shown. Resolves to whether this one was.
 */
export async function load(node, read, above = null) {
	const mine = Symbol("load");
	newest.set(node, mine);
	node.setAttribute("aria-busy", "true");
	if (!node.firstChild)
		node.append(above ?? "", element("p", { class: "loading" }, say("loading")));
	const content = await read().catch((problem) => newest.get(node) === mine &&
		[above ?? "", problemBox(problem, () => load(node, read, above))]);
	if (newest.get(node) !== mine)
		return false;
	node.removeAttribute("aria-busy");
	fill(node, [content].flat());
	return true;
}
